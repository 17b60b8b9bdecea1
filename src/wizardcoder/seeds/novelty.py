"""Novelty as in Self-Instruct: how like a text is, by ROUGE-L, to the texts kept so far.

ROUGE-L is the F measure of the longest common subsequence of lower-cased words: 2 L / (m + n) for
texts of m and n words. That is the normalised indel similarity, which rapidfuzz gives up on early
where the lengths alone, or what has been compared so far, say that the threshold is out of reach.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
_SURROGATES = range(0xD800, 0xE000)


class Likeness(NamedTuple):
    """A text that is too like another one, and how like (0 to 1)."""

    text: str
    rouge_l: float


class Novelty:
    """Texts that are pairwise less alike than a threshold.

    >>> novelty = Novelty(0.7)
    >>> novelty.add("Reverse a list.")
    >>> novelty.nearest("Please reverse a list")
    Likeness(text='Reverse a list.', rouge_l=0.857...)
    >>> novelty.nearest("Sort a list by length.") is None
    True
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._characters: dict[str, str] = {}
        self._texts: list[str] = []
        self._encoded: list[str] = []

    def add(self, text: str) -> None:
        """Keep a text: what comes later is compared with it."""
        self._texts.append(text)
        self._encoded.append(self._encode(text))

    def nearest(self, text: str) -> Likeness | None:
        """The kept text that is most like this one, at the threshold or above it; else None."""
        from rapidfuzz import process
        from rapidfuzz.distance import Indel

        found = process.extractOne(
            self._encode(text),
            self._encoded,
            scorer=Indel.normalized_similarity,
            score_cutoff=self._threshold,
        )
        return None if found is None else Likeness(self._texts[found[2]], found[1])

    def _encode(self, text: str) -> str:
        """One character per word: so the comparison runs on text, where it is fastest."""
        known = self._characters
        for word in (words := _WORD.findall(text.lower())):
            if word not in known:
                code = 1 + len(known)
                known[word] = chr(code if code < _SURROGATES.start else code + len(_SURROGATES))
        return "".join(known[word] for word in words)
