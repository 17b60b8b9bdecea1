from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wizardcoder.clean.bands import BandKeys
from wizardcoder.errors import StorageError

ROWS, BANDS = 60, 4
IN_MEMORY, IN_A_FILE, IN_RANGES = 1 << 20, ROWS * 16, 100


def keys(seed: int = 0) -> NDArray[np.uint32]:
    """Keys of which some occur more than once, up to the largest."""
    drawn = np.random.default_rng(seed).integers(0, 40, (BANDS, ROWS), dtype=np.uint64)
    return (drawn * ((1 << 32) // 39)).clip(0, (1 << 32) - 1).astype(np.uint32)


def groups(memory_bytes: int, chosen: NDArray[np.bool_], folder: Path) -> set[tuple[int, ...]]:
    with BandKeys(BANDS, ROWS, memory_bytes, folder) as kept:
        kept.put(40, keys()[:, 40:])
        kept.put(0, keys()[:, :40])
        found = kept.groups(chosen)
    listed = [tuple(part.tolist()) for part in np.split(found.members, found.begins[1:-1])]
    assert len(listed) == len({*listed})
    return {*listed}


def by_hand(chosen: NDArray[np.bool_]) -> set[tuple[int, ...]]:
    rows = np.flatnonzero(chosen)
    sets = (tuple(rows[band[rows] == key].tolist()) for band in keys() for key in {*band.tolist()})
    return {members for members in sets if len(members) > 1}


@pytest.mark.parametrize("memory_bytes", [IN_MEMORY, IN_A_FILE, IN_RANGES])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_groups_are_the_rows_with_the_same_key_in_a_band(
    memory_bytes: int, share: float, tmp_path: Path
) -> None:
    chosen = np.random.default_rng(1).random(ROWS) < share
    assert groups(memory_bytes, chosen, tmp_path) == by_hand(chosen)


def test_a_set_of_rows_that_shares_several_bands_is_one_group() -> None:
    with BandKeys(3, 2, IN_MEMORY, None) as kept:
        kept.put(0, np.array([[1, 1], [2, 2], [3, 4]], np.uint32))
        found = kept.groups(np.ones(2, bool))
    assert found.members.tolist() == [0, 1]


def test_no_bands_have_no_groups() -> None:
    with BandKeys(0, 2, IN_MEMORY, None) as kept:
        kept.put(0, np.empty((0, 2), np.uint32))
        assert len(kept.groups(np.ones(2, bool)).members) == 0


def test_nothing_is_left_of_the_file(tmp_path: Path) -> None:
    with BandKeys(BANDS, ROWS, 1, tmp_path) as kept:
        kept.put(0, keys())
        assert len(kept.groups(np.ones(ROWS, bool)).members)
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_cannot_hold_the_file_is_named() -> None:
    with pytest.raises(StorageError, match="/dev/full"):
        BandKeys(BANDS, ROWS, 1, Path("/dev/full"))
