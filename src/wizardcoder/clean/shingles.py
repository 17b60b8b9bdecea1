"""Token shingles: texts as sets of hashed n-grams, in a few passes over their bytes.

A token is a run of word bytes (ASCII letters, digits, underscore, all beyond ASCII) or one byte of
punctuation; letter case (of ASCII) and white space do not count. A shingle is n tokens in a row; a
text of fewer tokens is one shingle, an empty text none. Two different shingles share a 64-bit hash
once in 10^19 pairs; that is what "exact" means here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

#: Texts are worked on in portions of about so many bytes, to bound memory.
PORTION_BYTES = 1 << 20
_SPACE, _WORD, _MARK = 0, 1, 2
_PRIME = np.array([0x9E3779B97F4A7C15], np.uint64)


class Tokens(NamedTuple):
    """The tokens of some bytes, in order. All arrays have the shape (tokens,)."""

    hashes: Hashes
    starts: Indices  # the byte where a token begins
    ends: Indices  # the byte after it


@dataclass(frozen=True, slots=True)
class Shingles:
    """The distinct shingle hashes of each text, in ascending order, text after text."""

    hashes: Hashes
    offsets: Indices  # (texts + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, text: int) -> Hashes:
        """The shingles of one text."""
        return self.hashes[self.offsets[text] : self.offsets[text + 1]]

    @property
    def sizes(self) -> Indices:
        """How many distinct shingles each text has, (texts,)."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Indices:
        """The text that each hash belongs to, (hashes,)."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def only(self, chosen: NDArray[np.bool_]) -> Shingles:
        """The same texts with the chosen hashes alone; `chosen` has the shape (hashes,)."""
        ends = np.concatenate([[0], np.cumsum(chosen)])
        return Shingles(self.hashes[chosen], ends[self.offsets])


def shingle(texts: Iterable[str], n: int) -> Shingles:
    """The distinct n-token shingles of every text."""
    hashes, sizes = [np.empty(0, np.uint64)], [np.zeros(1, np.int64)]
    for portion in _portions(texts):
        found = _shingle_portion(portion, n)
        hashes.append(found.hashes)
        sizes.append(found.sizes)
    return Shingles(np.concatenate(hashes), np.cumsum(np.concatenate(sizes)))


def tokenise(data: bytes) -> Tokens:
    """The tokens of UTF-8 bytes."""
    text = np.frombuffer(data, np.uint8)
    kinds = _KINDS[text]
    is_start = kinds != _SPACE
    is_start[1:] &= (kinds[1:] == _MARK) | (kinds[:-1] != _WORD)
    starts = np.flatnonzero(is_start)
    if not len(starts):
        return Tokens(np.empty(0, np.uint64), starts, starts)
    places = np.flatnonzero(kinds)  # every byte of a token
    owners = np.cumsum(is_start)[places] - 1
    lengths = np.bincount(owners)
    powers = np.multiply.accumulate(np.repeat(_PRIME, lengths.max()))
    terms = _VALUES[text[places]] * powers[places - starts[owners]]
    hashes = np.add.reduceat(terms, np.cumsum(lengths) - lengths)
    return Tokens(mix(hashes), starts, starts + lengths)


def windows(tokens: Hashes, owners: Indices, n: int) -> tuple[Hashes, Indices]:
    """The shingle that begins at each token, and which tokens begin one.

    `owners` names the text of each token; a shingle does not cross into the next text.
    """
    hashes = np.zeros(len(tokens), np.uint64)
    begins = np.ones(len(tokens), bool)
    begins[1:] = owners[1:] != owners[:-1]
    for place, weight in enumerate(mix(np.arange(1, n + 1, dtype=np.uint64)) | np.uint64(1)):
        end = max(0, len(tokens) - place)
        same_text = owners[place:] == owners[:end]
        hashes[:end] += np.where(same_text, tokens[place:] * weight, np.uint64(0))
        if place == n - 1:
            begins[:end] |= same_text
    return mix(hashes), np.flatnonzero(begins)


def mix(values: Hashes) -> Hashes:
    """Every bit of the values spread over all bits (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def encode(text: str) -> bytes:
    """UTF-8, also of text with lone surrogates, which web data has."""
    return text.encode("utf-8", "surrogatepass")


def _shingle_portion(portion: Sequence[bytes], n: int) -> Shingles:
    tokens = tokenise(b"\n".join(portion))
    ends = np.fromiter(accumulate(len(data) + 1 for data in portion), np.int64, len(portion))
    token_owners = np.searchsorted(ends, tokens.starts, side="right")
    hashes, begins = windows(tokens.hashes, token_owners, n)
    hashes, owners = hashes[begins], token_owners[begins]
    order = np.lexsort((hashes, owners))
    hashes, owners = hashes[order], owners[order]
    distinct = np.ones(len(hashes), bool)
    distinct[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    sizes = np.bincount(owners[distinct], minlength=len(portion))
    return Shingles(hashes[distinct], np.concatenate([[0], np.cumsum(sizes)]))


def _portions(texts: Iterable[str]) -> Iterator[list[bytes]]:
    portion: list[bytes] = []
    size = 0
    for text in texts:
        portion.append(encode(text))
        size += len(portion[-1]) + 1
        if size >= PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _kind(byte: int) -> int:
    if byte >= 0x80 or chr(byte).isalnum() or chr(byte) == "_":
        return _WORD
    return _SPACE if byte <= 0x20 or byte == 0x7F else _MARK


_KINDS = np.array([_kind(byte) for byte in range(256)], np.uint8)
_VALUES = mix(np.frombuffer(bytes(range(256)).lower(), np.uint8).astype(np.uint64) + np.uint64(1))
