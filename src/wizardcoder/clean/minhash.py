"""MinHash: how many permutations propose pairs of similar shingle sets, and which.

The least value of a set under a random permutation is the same for two sets as often as their
Jaccard similarity says. A band is the least values under some permutations in a row; two sets that
have a band in common are worth a look.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 125
#: The bands are cut so that a pair just at the threshold is found with this probability.
RECALL = 0.98
#: In a group of texts that share a band, each is compared with so many of the first kept ones.
LEADERS = 64


class Permutations(NamedTuple):
    """`bands` of `rows` permutations each: value → factor * value + addend, in 32 bits.

    `factors` (odd) and `addends` have the shape (bands * rows,).
    """

    bands: int
    rows: int
    factors: NDArray[np.uint32]
    addends: NDArray[np.uint32]

    @classmethod
    def finding(cls, threshold: float) -> Permutations:
        """Bands that find a pair at the threshold with probability RECALL."""
        rows = rows_per_band(threshold)
        return cls._of(PERMUTATIONS // rows, rows)

    @classmethod
    def none(cls) -> Permutations:
        """No bands: nothing is proposed."""
        return cls._of(0, 0)

    @classmethod
    def _of(cls, bands: int, rows: int) -> Permutations:
        from wizardcoder.clean import kernels

        numbers = np.arange(1, 2 * PERMUTATIONS + 1, dtype=np.uint64)
        constants, used = kernels.mixed(numbers).astype(np.uint32), bands * rows
        factors, addends = constants[:PERMUTATIONS] | np.uint32(1), constants[PERMUTATIONS:]
        return cls(bands, rows, factors[:used], addends[:used])


def rows_per_band(threshold: float) -> int:
    """The most rows (and so the fewest chance candidates) that still reach the recall.

    >>> rows_per_band(0.7), rows_per_band(0.9)
    (5, 11)
    """
    return next(
        (
            rows
            for rows in range(PERMUTATIONS, 1, -1)
            if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL
        ),
        1,
    )
