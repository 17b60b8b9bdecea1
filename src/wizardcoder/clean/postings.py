"""Which of some known texts a text shares shingles with, and how many: one compiled pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean import kernels
from wizardcoder.clean.columns import Texts
from wizardcoder.clean.shingles import Hashes, Indices, Shingles

#: Places of the hash table for each shingle in it: most look-ups end at the first.
_ROOM = 4


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
        kernels.fill(slots, distinct)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return cls(n, slots, distinct, offsets, shingles.owners[order], np.maximum(least, 1))

    def match(self, texts: Texts) -> Common:
        """The parts that texts have enough shingles of."""
        if not len(self.parts):
            return Common(*np.empty((3, 0), np.int64))
        found = kernels.match(
            *texts,
            kernels.weights(self.n),
            self.slots,
            self.hashes,
            self.offsets,
            self.parts,
            self.least,
        )
        return Common(*found)
