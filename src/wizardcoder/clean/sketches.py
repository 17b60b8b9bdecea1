"""What one pass over a table leaves of each row: MinHash band keys, a fingerprint, a size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean import columns
from wizardcoder.clean.bands import BandKeys, Keys
from wizardcoder.clean.columns import Rows
from wizardcoder.clean.minhash import Permutations
from wizardcoder.clean.shingles import Hashes, Indices, shingle_texts
from wizardcoder.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

Given = TypeVar("Given")
Result = TypeVar("Result")


class Sketches(NamedTuple):
    """One number of each row; all shapes are (rows,).

    Rows whose question and response are compared as the same, white space aside, have the same
    fingerprint. `sizes` counts shingles as they stand, repeated ones as well.
    """

    fingerprints: Hashes
    sizes: NDArray[np.int32]


class _Portion(NamedTuple):
    first_row: int
    keys: Keys
    sketches: Sketches


def sketch(
    rows: Rows,
    shingle_tokens: int,
    permutations: Permutations,
    keys: BandKeys,
    *,
    jobs: int,
    progress: Progress,
) -> Sketches:
    """The sketches of rows, in order; their band keys are put into `keys`."""
    found = Sketches(np.empty(len(rows), np.uint64), np.empty(len(rows), np.int32))

    def work(first_row: int) -> _Portion:
        texts = rows.portion(first_row, columns.PORTION_ROWS, columns.TEXT)
        return _Portion(first_row, *_sketch(texts, shingle_tokens, permutations))

    for portion in _mapped(work, range(0, len(rows), columns.PORTION_ROWS), jobs):
        done = slice(portion.first_row, portion.first_row + len(portion.sketches.sizes))
        keys.put(portion.first_row, portion.keys)
        found.fingerprints[done], found.sizes[done] = portion.sketches
        progress(done.stop, len(rows), "reading")
    return found


def _sketch(
    rows: pa.Table, shingle_tokens: int, permutations: Permutations
) -> tuple[Keys, Sketches]:
    from wizardcoder.clean import kernels

    texts, splits = columns.divided_texts(rows)
    keys = np.empty((permutations.bands, len(texts)), np.uint32)
    sketches = Sketches(np.empty(len(texts), np.uint64), np.empty(len(texts), np.int32))
    kernels.sketch(
        *texts,
        splits,
        kernels.weights(shingle_tokens),
        permutations.factors,
        permutations.addends,
        permutations.rows,
        keys,
        *sketches,
    )
    return keys, sketches


def _mapped(work: Callable[[Given], Result], given: Iterable[Given], jobs: int) -> Iterator[Result]:
    """The results in order; the kernels hold no lock, so threads share the work."""
    if jobs == 1:
        yield from map(work, given)
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(work, given)


def shingles_of(
    rows: Rows, chosen: Indices, shingle_tokens: int, room: int
) -> tuple[Hashes, Indices]:
    """The distinct shingles of some rows, one after the other, and their offsets, (chosen + 1,).

    `room`: no fewer than there are, of all rows together.
    """
    shingles, offsets = np.empty(room, np.uint64), np.zeros(len(chosen) + 1, np.int64)
    total = 0
    for start in range(0, len(chosen), columns.PORTION_ROWS):
        portion = chosen[start : start + columns.PORTION_ROWS]
        texts = columns.compared_texts(rows.chosen(portion, columns.TEXT))
        found = shingle_texts(texts, shingle_tokens)
        shingles[total : total + len(found.hashes)] = found.hashes
        offsets[start + 1 : start + 1 + len(portion)] = total + found.offsets[1:]
        total += len(found.hashes)
    return shingles[:total], offsets
