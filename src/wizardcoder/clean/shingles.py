"""Token shingles: texts as sets of hashed n-grams, in one pass over their bytes.

A token is a run of word bytes (ASCII letters, digits, underscore, characters from U+0080 to
U+1FFF), one byte of punctuation, or one character from U+2000 on: signs, and scripts without
spaces, as Chinese. Letter case (of ASCII) and white space (the bytes up to 0x20, 0x7F) do not
count. A shingle is n tokens in a row; a text of fewer tokens is one shingle, an empty text none.
Two different shingles share a 64-bit hash once in 10^19 pairs; that is what "exact" means here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.columns import Texts

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]


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
    return shingle_texts(as_texts(texts), n)


def shingle_texts(texts: Texts, n: int) -> Shingles:
    """The distinct n-token shingles of every text of an Arrow array."""
    from wizardcoder.clean import kernels

    return Shingles(*kernels.distinct(*texts, kernels.weights(n)))


def tokenise(data: bytes) -> Tokens:
    """The tokens of UTF-8 bytes."""
    from wizardcoder.clean import kernels

    hashes = np.empty(len(data), np.uint64)
    starts, ends = np.empty((2, len(data)), np.int64)
    text = np.frombuffer(data, np.uint8)
    count = kernels.scan(text, 0, len(data), hashes, starts, ends)
    return Tokens(hashes[:count], starts[:count], ends[:count])


def windows(tokens: Hashes, n: int) -> Hashes:
    """The shingles of the tokens of one text, in the order in which they begin."""
    from wizardcoder.clean import kernels

    shingles = np.empty(len(tokens), np.uint64)
    return shingles[: kernels.window(tokens, len(tokens), kernels.weights(n), shingles)]


def as_texts(texts: Iterable[str]) -> Texts:
    """The texts as bytes in one piece."""
    encoded = [encode(text) for text in texts]
    offsets = np.array([*accumulate(map(len, encoded), initial=0)], np.int64)
    offsets.flags.writeable = False
    return Texts(np.frombuffer(b"".join(encoded), np.uint8), offsets)


def encode(text: str) -> bytes:
    """UTF-8, also of text with lone surrogates, which web data has."""
    return text.encode("utf-8", "surrogatepass")
