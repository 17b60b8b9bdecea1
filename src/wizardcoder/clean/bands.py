"""Rows that share a MinHash band: the keys of all rows, in memory or in a file, and their groups.

keys (bands, rows) → one band after the other sorted → groups of rows with the same key
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.shingles import Hashes, Indices
from wizardcoder.storage import disk_errors

Keys = NDArray[np.uint32]

_KEY_BYTES, _SORTED_BYTES = 4, 16  # of a row in a band; while it is sorted
_ROWS_PER_READ = 1 << 20


class Groups(NamedTuple):
    """Sets of two rows or more: group i is `members[begins[i] : begins[i + 1]]`, ascending."""

    members: NDArray[np.uint32]
    begins: Indices  # (groups + 1,)

    @property
    def sizes(self) -> Indices:
        return np.diff(self.begins)

    @property
    def owners(self) -> Indices:
        """The group that each member belongs to, (members,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


class BandKeys:
    """A key for each band and row: in memory, or in a file once that takes more than allowed.

    The file has no name: nothing is left of it, however the process ends. What is read does not
    depend on where it was kept.
    """

    def __init__(self, bands: int, rows: int, memory_bytes: int, spill: Path | None) -> None:
        self.bands, self.rows = bands, rows
        self._memory_bytes = memory_bytes
        self._folder = spill or Path(tempfile.gettempdir())
        self._file: IO[bytes] | None = None
        self._keys = np.empty((bands, 0), np.uint32)
        if bands * rows * _KEY_BYTES <= memory_bytes:
            self._keys = np.empty((bands, rows), np.uint32)
        else:
            with disk_errors(self._folder):
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._keys = np.empty((self.bands, 0), np.uint32)  # 100 bytes a row, as a rule
        if self._file is not None:
            self._file.close()

    def put(self, first_row: int, keys: Keys) -> None:
        """Keep the keys of consecutive rows, (bands, rows). Raises StorageError, disk full."""
        if self._file is None:
            self._keys[:, first_row : first_row + keys.shape[1]] = keys
            return
        with disk_errors(self._folder):
            for band, row in enumerate(keys):
                self._file.seek(_KEY_BYTES * (band * self.rows + first_row))
                self._file.write(row.tobytes())
            self._file.flush()

    def groups(self, rows: NDArray[np.bool_]) -> Groups:
        """The sets of the chosen rows that share a band's key, each once; `rows` is a mask."""
        from wizardcoder.clean import pairing

        found = [
            pairing.runs(part) for band in range(self.bands) for part in self._sorted(band, rows)
        ]
        if not found:
            return Groups(np.empty(0, np.uint32), np.zeros(1, np.int64))
        members, sizes, digests = (np.concatenate(column) for column in zip(*found, strict=True))
        first = np.zeros(len(sizes), bool)
        first[np.unique(digests, return_index=True)[1]] = True
        return Groups(
            members[np.repeat(first, sizes)], np.concatenate([[0], np.cumsum(sizes[first])])
        )

    def _sorted(self, band: int, rows: NDArray[np.bool_]) -> Iterator[Hashes]:
        """Key and row in one number each, sorted: a range of the keys after the other."""
        ranges = max(1, -(-self.rows * _SORTED_BYTES // self._memory_bytes))
        edges = [(part << 32) // ranges for part in range(ranges + 1)]
        for least, most in pairwise(edges):
            packed = np.concatenate(
                [np.empty(0, np.uint64), *self._packed(band, rows, least, most)]
            )
            packed.sort()
            yield packed

    def _packed(
        self, band: int, rows: NDArray[np.bool_], least: int, most: int
    ) -> Iterator[Hashes]:
        """Key and row of the chosen rows whose keys lie in a range."""
        for start in range(0, self.rows, _ROWS_PER_READ):
            keys = self._read(band, start, min(start + _ROWS_PER_READ, self.rows))
            wanted = rows[start : start + len(keys)]
            if most - least < 1 << 32:
                wanted = wanted & (keys >= least) & (keys < most)
            places = np.flatnonzero(wanted)
            yield keys[places].astype(np.uint64) << np.uint64(32) | (places + start).astype(
                np.uint64
            )

    def _read(self, band: int, start: int, stop: int) -> Keys:
        if self._file is None:
            return self._keys[band, start:stop]
        with disk_errors(self._folder):
            self._file.seek(_KEY_BYTES * (band * self.rows + start))
            return np.frombuffer(self._file.read(_KEY_BYTES * (stop - start)), np.uint32)
