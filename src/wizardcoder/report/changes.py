"""How a text differs from the one it was made from, word by word."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from wizardcoder.report.quantities import count

#: Longer texts are cut for show; the records themselves are in the run's Parquet files.
SHOWN_CHARACTERS = 3000

#: difflib's time grows with the pairs of equal words; beyond this only the beginning is compared.
_MOST_PAIRS = 100_000
_FENCED = re.compile(r"^```.*?(?:^```|\Z)", re.DOTALL | re.MULTILINE)
_WORD_OR_GAP = re.compile(r"\s+|\w+|[^\w\s]")


class Piece(NamedTuple):
    """A stretch of text: new against the parent or not, inside a code fence or not."""

    text: str
    new: bool
    code: bool = False


def changes(parent: str | None, text: str) -> list[Piece]:
    """`text` in pieces, each marked as new or taken from `parent` (None: nothing is marked).

    >>> [piece.text for piece in changes("sort the list", "sort the whole list") if piece.new]
    ['whole ']
    """
    text = shortened(text)
    if parent is None:
        return _part_code([Piece(text, False)], text)
    before, after = (_WORD_OR_GAP.findall(t) for t in (shortened(parent), text))
    if _equal_pairs(before, after) > _MOST_PAIRS:
        same = next((n for n, word in enumerate(after) if before[n : n + 1] != [word]), len(after))
        pieces = [Piece("".join(after[:same]), False), Piece("".join(after[same:]), True)]
    else:
        opcodes = SequenceMatcher(str.isspace, before, after, autojunk=False).get_opcodes()
        pieces = [Piece("".join(after[i:j]), tag != "equal") for tag, _, _, i, j in opcodes]
    return _part_code(pieces, text)


def shortened(text: str) -> str:
    """The text, cut where it is too long to be shown, and saying so."""
    rest = len(text) - SHOWN_CHARACTERS
    if rest <= 0:
        return text
    return f"{text[:SHOWN_CHARACTERS]} … ({count(rest)} more characters)"


def _equal_pairs(before: list[str], after: list[str]) -> int:
    there = Counter(after)
    return sum(n * there[word] for word, n in Counter(before).items() if not word.isspace())


def _part_code(pieces: list[Piece], text: str) -> list[Piece]:
    """The pieces of `text`, cut where code begins and ends; empty ones are left out."""
    edges = [edge for fence in _FENCED.finditer(text) for edge in fence.span()]
    parted = []
    start = 0
    for piece in pieces:
        end = start + len(piece.text)
        cuts = [start, *(edge for edge in edges if start < edge < end), end]
        parted += [
            Piece(text[i:j], piece.new, code=sum(edge <= i for edge in edges) % 2 == 1)
            for i, j in pairwise(cuts)
            if j > i
        ]
        start = end
    return parted
