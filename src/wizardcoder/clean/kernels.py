"""Compiled passes over the bytes of texts: tokens, shingles, band keys, look-ups.

Arrays in, arrays out; none holds Python's lock, so portions may run in threads. What the numbers
mean is told by the modules that call: `shingles`, `minhash`, `postings`. Texts are given as in
`columns.Texts`: `data` uint8 and `offsets` int64, read-only.

All that calls `scan` stands here: numba keeps what it compiled until the caller's own file changes.
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

SPACE, WORD, MARK, CHARACTER = 0, 1, 2, 3
#: From this first byte on (U+2000) a character is a token: signs, and writing without spaces.
FIRST_OF_CHARACTERS = 0xE2
#: So many shingles meet a permutation at once: the minima are loaded and stored that much less.
LANES = 8
_FOUND_AT_FIRST = 1024  # pairs that `match` has room for, before it makes more


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
    """What a token begins with; what follows the first byte of a character is WORD."""
    if byte >= FIRST_OF_CHARACTERS:
        return CHARACTER
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
        elif kind == CHARACTER:
            while place < end and data[place] & 0xC0 == 0x80:
                power *= _PRIME
                hash += VALUES[data[place]] * power
                place += 1
        hashes[count] = mix(hash)
        ends[count] = place
        count += 1
    return count


@compiled
def token_counts(data: Bytes, offsets: Indices) -> NDArray[np.int64]:
    """How many tokens `scan` finds in each text, (texts,)."""
    counts = np.zeros(len(offsets) - 1, np.int64)
    for text in range(len(offsets) - 1):
        before, found = SPACE, 0
        for place in range(offsets[text], offsets[text + 1]):
            if data[place] & 0xC0 == 0x80:  # the rest of a character
                continue
            kind = KINDS[data[place]]
            found += kind >= MARK or (kind == WORD and before != WORD)
            before = kind
        counts[text] = found
    return counts


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
def fill(slots: NDArray[np.int32], hashes: Hashes) -> None:
    """Put the number of each hash into an open hash table, whose length is a power of two."""
    mask = np.uint64(len(slots) - 1)
    for number in range(len(hashes)):
        place = hashes[number] & mask
        while slots[place] >= 0:
            place = (place + np.uint64(1)) & mask
        slots[place] = number


@compiled
def number_of(hash: np.uint64, slots: NDArray[np.int32], hashes: Hashes) -> int:
    """The number of a shingle, -1 if it is none of those known."""
    mask = np.uint64(len(slots) - 1)
    place = hash & mask
    while slots[place] >= 0:
        if hashes[slots[place]] == hash:
            return int(slots[place])
        place = (place + np.uint64(1)) & mask
    return -1


@compiled
def match(
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
        count = scan(data, begin, end, tokens, starts, ends)
        count = window(tokens, count, weights, shingles)
        touches = 0
        for place in range(count):
            number = number_of(shingles[place], slots, hashes)
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
