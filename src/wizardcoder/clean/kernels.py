"""Compiled passes over the bytes of texts: tokens, shingles, band keys, duplicates.

Arrays in, arrays out; none holds Python's lock, so portions may run in threads. What the numbers
mean is told by the modules that call: `shingles`, `minhash`, `duplicates`. Texts are given as in
`columns.Texts`: `data` uint8 and `offsets` int64, read-only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., object])
Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

SPACE, WORD, MARK = 0, 1, 2
#: So many shingles meet a permutation at once: the minima are loaded and stored that much less.
LANES = 8


def compiled(function: Function) -> Function:
    """The function as machine code, made at the first call and kept for later processes.

    numba keeps it beside this file, or in the user's cache where that cannot be written; where
    neither can, it is made anew in every process.
    """
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # numba: no locator available
        return cast(Function, numba.njit(nogil=True)(function))


def _kind(byte: int) -> int:
    if byte >= 0x80 or chr(byte).isalnum() or chr(byte) == "_":
        return WORD
    return SPACE if byte <= 0x20 or byte == 0x7F else MARK


def mixed(values: Hashes) -> Hashes:
    """Every bit of the values spread over all bits (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


KINDS = np.array([_kind(byte) for byte in range(256)], np.uint8)
VALUES = mixed(np.frombuffer(bytes(range(256)).lower(), np.uint8).astype(np.uint64) + np.uint64(1))
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def weights(n: int) -> Hashes:
    """What the tokens of a shingle are multiplied with, by their place: (n,)."""
    return mixed(np.arange(1, n + 1, dtype=np.uint64)) | np.uint64(1)


@compiled
def mix(value: np.uint64) -> np.uint64:
    """`mixed` of one number."""
    value = (value ^ (value >> _S30)) * _M1
    value = (value ^ (value >> _S27)) * _M2
    return value ^ (value >> _S31)


@compiled
def scan(data: Bytes, begin: int, end: int, hashes: Hashes, starts: Indices, ends: Indices) -> int:
    """How many tokens `data[begin:end]` has; their hashes and places are written to the arrays.

    The arrays need room for `end - begin` tokens.
    """
    count, place = 0, begin
    while place < end:
        kind = KINDS[data[place]]
        if kind == SPACE:
            place += 1
            continue
        starts[count] = place
        power = _PRIME
        hash = VALUES[data[place]] * power
        place += 1
        if kind == WORD:
            while place < end and KINDS[data[place]] == WORD:
                power *= _PRIME
                hash += VALUES[data[place]] * power
                place += 1
        hashes[count] = mix(hash)
        ends[count] = place
        count += 1
    return count


@compiled
def window(tokens: Hashes, count: int, weights: Hashes, shingles: Hashes) -> int:
    """How many shingles so many tokens have; writes one hash for each, in order.

    Fewer tokens than weights are one shingle, no tokens none.
    """
    n = len(weights)
    if count == 0:
        return 0
    if count < n:
        total = np.uint64(0)
        for place in range(count):
            total += tokens[place] * weights[place]
        shingles[0] = mix(total)
        return 1
    for start in range(count - n + 1):
        total = np.uint64(0)
        for place in range(n):
            total += tokens[start + place] * weights[place]
        shingles[start] = mix(total)
    return count - n + 1


@compiled
def distinct(data: Bytes, offsets: Indices, weights: Hashes) -> tuple[Hashes, Indices]:
    """The distinct shingles of each text in ascending order, text after text, and their offsets."""
    texts = len(offsets) - 1
    room = 0
    for text in range(texts):
        room = max(room, offsets[text + 1] - offsets[text])
    tokens, found = np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    shingles = np.empty(offsets[texts] - offsets[0], np.uint64)
    edges = np.zeros(texts + 1, np.int64)
    total = 0
    for text in range(texts):
        count = scan(data, offsets[text], offsets[text + 1], tokens, starts, ends)
        count = window(tokens, count, weights, found)
        ordered = np.sort(found[:count])
        for place in range(count):
            if place == 0 or ordered[place] != ordered[place - 1]:
                shingles[total] = ordered[place]
                total += 1
        edges[text + 1] = total
    return shingles[:total].copy(), edges


@compiled
def lower_minima(
    values: NDArray[np.uint32],
    count: int,
    factors: NDArray[np.uint32],
    addends: NDArray[np.uint32],
    minima: NDArray[np.uint32],
) -> None:
    """Lower each minimum to the least of `factor * value + addend` in 32 bits.

    `values` needs room for a multiple of LANES; the last one is repeated up to there.
    """
    padded = (count + LANES - 1) // LANES * LANES
    for place in range(count, padded):
        values[place] = values[count - 1]
    for place in range(0, padded, LANES):
        v0, v1, v2, v3 = values[place], values[place + 1], values[place + 2], values[place + 3]
        v4, v5, v6, v7 = values[place + 4], values[place + 5], values[place + 6], values[place + 7]
        for row in range(len(minima)):
            a, b = factors[row], addends[row]
            low = min(np.uint32(a * v0 + b), np.uint32(a * v1 + b))
            low = min(low, min(np.uint32(a * v2 + b), np.uint32(a * v3 + b)))
            low = min(low, min(np.uint32(a * v4 + b), np.uint32(a * v5 + b)))
            low = min(low, min(np.uint32(a * v6 + b), np.uint32(a * v7 + b)))
            minima[row] = min(minima[row], low)


@compiled
def sketch(
    data: Bytes,
    offsets: Indices,
    splits: Indices,
    weights: Hashes,
    factors: NDArray[np.uint32],
    addends: NDArray[np.uint32],
    rows: int,
    keys: NDArray[np.uint32],
    fingerprints: Hashes,
    sizes: NDArray[np.int32],
) -> None:
    """Band keys, fingerprint and number of shingles (repeated ones as well) of each text.

    `keys` is (bands, texts), `factors` and `addends` are (bands * rows,). The fingerprint is of
    all tokens in order and of which of them begin before `splits`, in bytes from the text's start.
    """
    texts, bands = len(offsets) - 1, len(keys)
    room = 0
    for text in range(texts):
        room = max(room, offsets[text + 1] - offsets[text])
    tokens, found = np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    values, minima = np.empty(room + LANES, np.uint32), np.empty(len(factors), np.uint32)
    for text in range(texts):
        count = scan(data, offsets[text], offsets[text + 1], tokens, starts, ends)
        fingerprints[text] = fingerprint(tokens, starts, count, offsets[text] + splits[text])
        count = window(tokens, count, weights, found)
        sizes[text] = count
        for place in range(count):
            values[place] = np.uint32(found[place] >> _S32)
        minima[:] = np.uint32(0xFFFFFFFF)
        if count:
            lower_minima(values, count, factors, addends, minima)
        for band in range(bands):
            key = np.uint64(band)
            for row in range(band * rows, (band + 1) * rows):
                key = mix(key + minima[row])
            keys[band, text] = np.uint32(key >> _S32)


@compiled
def fingerprint(tokens: Hashes, starts: Indices, count: int, split: int) -> np.uint64:
    """A hash of so many tokens in order, and of how many of them begin before `split`."""
    total, before = np.uint64(0), 0
    for token in range(count):
        total = (total ^ tokens[token]) * _PRIME
        before += starts[token] < split
    return mix(total + np.uint64(before))


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
