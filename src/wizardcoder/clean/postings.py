"""Which of some known texts a text shares shingles with, and how many: one compiled pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean import kernels
from wizardcoder.clean.columns import Texts
from wizardcoder.clean.kernels import Bytes, Hashes, Indices
from wizardcoder.clean.shingles import Shingles

#: Places of the hash table for each shingle in it: most look-ups end at the first.
_ROOM = 4
_FOUND_AT_FIRST = 1024


@dataclass(frozen=True, slots=True)
class Common:
    """Pairs of a text and a part that have shingles in common, text by text: all (pairs,)."""

    texts: Indices
    parts: Indices
    counts: Indices  # of distinct shingles


@dataclass(frozen=True, slots=True)
class Postings:
    """The shingles of known texts (parts), ready to be looked up.

    `slots` is an open hash table: the number of a distinct shingle, -1 where there is none. The
    parts that have shingle i are `parts[offsets[i] : offsets[i + 1]]`. A part is found from
    `least` common shingles on.
    """

    n: int
    slots: NDArray[np.int32]
    hashes: Hashes
    offsets: Indices
    parts: Indices
    least: Indices

    @classmethod
    def of(cls, shingles: Shingles, least: Indices, n: int) -> Postings:
        """The postings of shingles of n tokens; `least` has the shape (parts,)."""
        distinct, counts = np.unique(shingles.hashes, return_counts=True)
        order = np.argsort(shingles.hashes, kind="stable")
        slots = np.full(1 << (_ROOM * max(1, len(distinct))).bit_length(), -1, np.int32)
        _fill(slots, distinct)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return cls(n, slots, distinct, offsets, shingles.owners[order], np.maximum(least, 1))

    def match(self, texts: Texts) -> Common:
        """The parts that texts have enough shingles of."""
        if not len(self.parts):
            return Common(*np.empty((3, 0), np.int64))
        found = _match(
            *texts,
            kernels.weights(self.n),
            self.slots,
            self.hashes,
            self.offsets,
            self.parts,
            self.least,
        )
        return Common(*found)


@kernels.compiled
def _fill(slots: NDArray[np.int32], hashes: Hashes) -> None:
    mask = np.uint64(len(slots) - 1)
    for number in range(len(hashes)):
        place = hashes[number] & mask
        while slots[place] >= 0:
            place = (place + np.uint64(1)) & mask
        slots[place] = number


@kernels.compiled
def _number(hash: np.uint64, slots: NDArray[np.int32], hashes: Hashes) -> int:
    """The number of a shingle, -1 if it is none of those known."""
    mask = np.uint64(len(slots) - 1)
    place = hash & mask
    while slots[place] >= 0:
        if hashes[slots[place]] == hash:
            return int(slots[place])
        place = (place + np.uint64(1)) & mask
    return -1


@kernels.compiled
def _match(
    data: Bytes,
    text_offsets: Indices,
    weights: Hashes,
    slots: NDArray[np.int32],
    hashes: Hashes,
    offsets: Indices,
    parts: Indices,
    least: Indices,
) -> NDArray[np.int64]:
    """Text, part and number of common shingles of each pair with enough of them, (3, pairs)."""
    texts = len(text_offsets) - 1
    room = 0
    for text in range(texts):
        room = max(room, text_offsets[text + 1] - text_offsets[text])
    tokens, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    last_seen = np.full(len(hashes), -1, np.int64)  # by shingle, the text that had it last
    counts = np.zeros(len(least), np.int64)
    touched = np.empty(len(least), np.int64)
    found = np.empty((3, _FOUND_AT_FIRST), np.int64)
    pairs = 0
    for text in range(texts):
        begin, end = text_offsets[text], text_offsets[text + 1]
        count = kernels.scan(data, begin, end, tokens, starts, ends)
        count = kernels.window(tokens, count, weights, shingles)
        touches = 0
        for place in range(count):
            number = _number(shingles[place], slots, hashes)
            if number < 0 or last_seen[number] == text:
                continue
            last_seen[number] = text
            for posting in range(offsets[number], offsets[number + 1]):
                part = parts[posting]
                if counts[part] == 0:
                    touched[touches] = part
                    touches += 1
                counts[part] += 1
        for part in touched[:touches]:
            if counts[part] >= least[part]:
                if pairs == found.shape[1]:
                    found = np.concatenate((found, np.empty_like(found)), axis=1)
                found[0, pairs], found[1, pairs], found[2, pairs] = text, part, counts[part]
                pairs += 1
            counts[part] = 0
    return found[:, :pairs].copy()
