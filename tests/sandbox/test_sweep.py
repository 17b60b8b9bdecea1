"""Nothing of a candidate stays: folders of any depth and mode."""

from __future__ import annotations

import os
from pathlib import Path

from wizardcoder.sandbox import sweep


def test_a_folder_is_removed_whatever_its_modes(tmp_path: Path) -> None:
    inner = tmp_path / "folder" / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    for folder in (inner, *list(inner.parents)[:2]):
        folder.chmod(0)
    sweep.remove(str(tmp_path / "folder"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    (tmp_path / "folder").mkdir()
    os.chdir(tmp_path / "folder")
    try:
        for _ in range(1500):
            Path("deep").mkdir()
            os.chdir("deep")
    finally:
        os.fchdir(here)
        os.close(here)
    sweep.remove(str(tmp_path / "folder"))
    assert list(tmp_path.iterdir()) == []


def test_what_links_point_to_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    sweep.remove(str(tmp_path / "folder"))
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    sweep.remove(str(tmp_path / "gone"))
