"""Compiled passes over numbers that stand for texts: groups of equal keys, and who repeats whom.

Arrays in, arrays out; none holds Python's lock. `bands` and `duplicates` say what the numbers mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.kernels import Hashes, Indices, compiled, mix

_S32 = np.uint64(32)


@compiled
def runs(packed: Hashes) -> tuple[NDArray[np.uint32], Indices, Hashes]:
    """The rows (low half) whose keys (high half) occur more than once in sorted numbers.

    Rows key by key, how many each key has, and a digest of each key's set of rows.
    """
    members, sizes = np.empty(len(packed), np.uint32), np.empty(len(packed) // 2, np.int64)
    digests = np.empty(len(packed) // 2, np.uint64)
    total, groups, start = 0, 0, 0
    while start < len(packed):
        stop = start + 1
        while stop < len(packed) and packed[stop] >> _S32 == packed[start] >> _S32:
            stop += 1
        if stop - start > 1:
            digest = np.uint64(0)
            for place in range(start, stop):
                row = np.uint32(packed[place])
                members[total] = row
                total += 1
                digest += mix(np.uint64(row))
            sizes[groups], digests[groups] = stop - start, mix(digest)
            groups += 1
        start = stop
    return members[:total].copy(), sizes[:groups].copy(), digests[:groups].copy()


@compiled
def similarity(one: Hashes, other: Hashes, least: float) -> float:
    """The Jaccard similarity of two ascending sets; 0 where sizes alone put it below `least`."""
    if min(len(one), len(other)) < least * max(len(one), len(other)):
        return 0.0
    common, left, right = 0, 0, 0
    while left < len(one) and right < len(other):
        a, b = one[left], other[right]
        common += a == b
        left += a <= b
        right += b <= a
    return common / (len(one) + len(other) - common)


@compiled
def walk(
    shingles: Hashes,
    offsets: Indices,
    groups_of: Indices,
    group_offsets: Indices,
    group_begins: Indices,
    lineages: Indices,
    parents: Indices,
    least: float,
    leaders_per_group: int,
) -> tuple[Indices, NDArray[np.float32], NDArray[np.bool_]]:
    """Of each row in order: a kept row before it that it resembles, how much, and whether it goes.

    Row i has `shingles[offsets[i] : offsets[i + 1]]` and stands in the groups
    `groups_of[group_offsets[i] : group_offsets[i + 1]]`. It goes when it resembles a kept row of
    another lineage, and the first such row is named; else its parent is, or the first other one.
    """
    rows = len(offsets) - 1
    twins = np.full(rows, -1, np.int64)
    jaccards, goes = np.zeros(rows, np.float32), np.zeros(rows, np.bool_)
    leaders = np.empty(group_begins[len(group_begins) - 1], np.int64)
    led = np.zeros(len(group_begins) - 1, np.int64)
    asked = np.full(rows, -1, np.int64)
    most = 0
    for row in range(rows):
        most = max(most, group_offsets[row + 1] - group_offsets[row])
    candidates = np.empty(most * leaders_per_group, np.int64)
    for row in range(rows):
        found = 0
        for place in range(group_offsets[row], group_offsets[row + 1]):
            group = groups_of[place]
            for slot in range(group_begins[group], group_begins[group] + led[group]):
                if asked[leaders[slot]] != row:
                    asked[leaders[slot]] = row
                    candidates[found] = leaders[slot]
                    found += 1
        own = shingles[offsets[row] : offsets[row + 1]]
        for other in np.sort(candidates[:found]):
            jaccard = similarity(own, shingles[offsets[other] : offsets[other + 1]], least)
            if jaccard < least:
                continue
            goes[row] = lineages[other] != lineages[row]
            if goes[row] or twins[row] < 0 or parents[row] == other:
                twins[row], jaccards[row] = other, jaccard
            if goes[row]:
                break
        if goes[row]:
            continue
        for place in range(group_offsets[row], group_offsets[row + 1]):
            group = groups_of[place]
            if led[group] < leaders_per_group:
                leaders[group_begins[group] + led[group]] = row
                led[group] += 1
    return twins, jaccards, goes
