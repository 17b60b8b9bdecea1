"""What a record and a problem have in common: the evidence of a hit, side by side."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from wizardcoder.report.cleaning import Evidence
from wizardcoder.report.quantities import count, percent

#: Of either text, so much is shown and compared; cleaning keeps less.
SHOWN_CHARACTERS = 600

_WORD_OR_GAP = re.compile(r"\w+|\s+|[^\w\s]")
_BEHAVIOUR = {
    "passes": "passes the problem’s tests",
    "fails": "fails the problem’s tests",
    "not_run": "was not run on its tests",
}


class Stretch(NamedTuple):
    """A stretch of text, and whether the other text has the same words there."""

    text: str
    common: bool


class Match(NamedTuple):
    """A hit as it is shown."""

    hit: Evidence
    record: list[Stretch]
    problem: list[Stretch]

    @property
    def strength(self) -> str:
        """What the score means, in words."""
        match self.hit.rule:
            case "verbatim":
                return "word for word"
            case "containment" | "edited":
                return f"{percent(min(1.0, max(0.0, self.hit.score)))} of its runs of words"
            case "function":
                return f"{count(self.hit.score)} AST nodes, names aside"
        return f"score {self.hit.score:.3g}"

    @property
    def behaviour(self) -> str:
        return _BEHAVIOUR.get(self.hit.behaviour, self.hit.behaviour)


def match(hit: Evidence) -> Match:
    """A hit with the words that both texts have in common marked."""
    return Match(hit, *side_by_side(hit.span, hit.matched))


def side_by_side(a: str, b: str) -> tuple[list[Stretch], list[Stretch]]:
    """Two texts in stretches, common or not, whatever the case of their letters.

    >>> [each.text for each in side_by_side("return x + 1", "return y + 1")[0] if each.common]
    ['return ', ' + 1']
    """
    words_a, words_b = (_WORD_OR_GAP.findall(_shortened(text)) for text in (a, b))
    folded_a, folded_b = _folded(words_a), _folded(words_b)
    same = SequenceMatcher(str.isspace, folded_a, folded_b, autojunk=False)
    common_a, common_b = set[int](), set[int]()
    for start_a, start_b, size in same.get_matching_blocks():
        if any(word.isalnum() for word in words_a[start_a : start_a + size]):
            common_a.update(range(start_a, start_a + size))
            common_b.update(range(start_b, start_b + size))
    return _stretches(words_a, common_a), _stretches(words_b, common_b)


def _stretches(words: list[str], common: set[int]) -> list[Stretch]:
    grouped = groupby(range(len(words)), key=common.__contains__)
    return [Stretch("".join(words[n] for n in places), is_common) for is_common, places in grouped]


def _folded(words: list[str]) -> list[str]:
    return [word.casefold() for word in words]


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
