"""Pairs of similar shingle sets: MinHash bands propose, exact Jaccard decides.

shingles → signatures → bands → candidate pairs → Jaccard ≥ threshold
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.shingles import Hashes, Indices, Shingles, mix

Signatures = NDArray[np.uint32]

PERMUTATIONS = 125
#: The bands are cut so that a pair just at the threshold is found with this probability.
RECALL = 0.98
#: In a group of texts that share a band, each is compared with so many of the first ones.
LEADERS = 64
#: So many shingles are permuted at once: they stay in the processor's cache.
_BLOCK = 1 << 16


class Pairs(NamedTuple):
    """Pairs of texts with `left` < `right`, in ascending order. All shapes are (pairs,)."""

    left: Indices
    right: Indices
    jaccard: NDArray[np.float64]


def similar_pairs(shingles: Shingles, threshold: float) -> Pairs:
    """The pairs of texts whose shingle sets have a Jaccard similarity of at least `threshold`.

    No pair is reported wrongly; of those at the threshold about 2 % are missed, of those well
    above it none. Among more than 64 texts that share a band, a text is compared only with the
    first 64.
    """
    texts = np.flatnonzero(shingles.sizes)
    bands = _bands(_signatures(shingles, texts), rows_per_band(threshold))
    left, right = _candidates(bands)
    left, right = texts[left], texts[right]
    jaccard = _jaccard(shingles, left, right, threshold)
    similar = jaccard >= threshold
    return Pairs(left[similar], right[similar], jaccard[similar])


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


def _signatures(shingles: Shingles, texts: Indices) -> Signatures:
    """The MinHash signatures of texts that have shingles, (texts, PERMUTATIONS)."""
    constants = mix(np.arange(1, 2 * PERMUTATIONS + 1, dtype=np.uint64)).astype(np.uint32)
    factors, addends = constants[:PERMUTATIONS] | np.uint32(1), constants[PERMUTATIONS:]
    values = (shingles.hashes >> np.uint64(32)).astype(np.uint32)
    starts = shingles.offsets[texts]
    signatures = np.empty((PERMUTATIONS, len(texts)), np.uint32)
    for first, last in _blocks(starts):
        begin = starts[first]
        block = values[begin : starts[last] if last < len(starts) else None]
        for row, factor, addend in zip(signatures, factors, addends, strict=True):
            row[first:last] = np.minimum.reduceat(
                block * factor + addend, starts[first:last] - begin
            )
    return signatures.T


def _blocks(starts: Indices) -> list[tuple[int, int]]:
    """Ranges of texts that hold about _BLOCK shingles each."""
    cuts = np.flatnonzero(np.diff(starts // _BLOCK)) + 1
    edges = [0, *cuts.tolist(), len(starts)]
    return [(first, last) for first, last in pairwise(edges) if first < last]


def _bands(signatures: Signatures, rows: int) -> Hashes:
    """One hash per band and text, (bands, texts)."""
    count = PERMUTATIONS // rows
    bands = np.zeros((count, len(signatures)), np.uint64)
    for band in range(count):
        for column in range(band * rows, (band + 1) * rows):
            bands[band] = mix(bands[band] + signatures[:, column])
    return bands


def _candidates(bands: Hashes) -> tuple[Indices, Indices]:
    """The pairs of texts that share a band, each pair once, in ascending order."""
    texts = bands.shape[1]
    codes = [np.empty(0, np.int64)]
    for band in bands:
        order = np.argsort(band, kind="stable")
        begins = np.ones(texts, bool)
        begins[1:] = band[order][1:] != band[order][:-1]
        leader = np.maximum.accumulate(np.where(begins, np.arange(texts), 0))
        for place in range(LEADERS):
            follows = np.flatnonzero(leader + place < np.arange(texts))
            if not len(follows):
                break
            codes.append(order[leader[follows] + place] * texts + order[follows])
    left, right = np.divmod(np.unique(np.concatenate(codes)), max(texts, 1))
    return left, right


def _jaccard(
    shingles: Shingles, left: Indices, right: Indices, threshold: float
) -> NDArray[np.float64]:
    """The Jaccard similarity of each pair; 0 where the sizes alone put it below the threshold."""
    sizes = shingles.sizes
    smaller = np.minimum(sizes[left], sizes[right])
    larger = np.maximum(sizes[left], sizes[right])
    jaccard = np.zeros(len(left))
    for pair in np.flatnonzero(smaller >= threshold * larger):
        one, other = shingles.of(left[pair]), shingles.of(right[pair])
        places = np.minimum(other.searchsorted(one), len(other) - 1)
        common = np.count_nonzero(other[places] == one)
        jaccard[pair] = common / (smaller[pair] + larger[pair] - common)
    return jaccard
