from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from wizardcoder.storage import Identity, earlier, open_stage, reopen, sign

FEW, MANY = Identity("draw", {"n": 2}), Identity("draw", {"n": 4})


@dataclass(frozen=True)
class Row:
    number: int


def finished(path: Path) -> Path:
    with open_stage(path, FEW) as stage:
        stage.finish({"rows": (Row, [Row(1), Row(2)])}, counts={})
    return path


def test_nothing_was_there_earlier(tmp_path: Path) -> None:
    assert earlier(tmp_path / "out") is None


def test_what_was_there_says_whether_it_was_finished(tmp_path: Path) -> None:
    assert earlier(finished(tmp_path / "out")) == (FEW.as_json(), True)
    with open_stage(tmp_path / "other", MANY) as stage:
        stage.shard("rows").append(Row(1))
    assert earlier(tmp_path / "other") == (MANY.as_json(), False)


@pytest.mark.parametrize("keep", [False, True])
def test_a_reopened_folder_goes_on_with_its_rows(tmp_path: Path, keep: bool) -> None:
    path = finished(tmp_path / "out")
    reopen(path, MANY, "rows", [Row(1), Row(2)], keep=keep)
    with open_stage(path, MANY) as stage:
        assert not stage.complete
        assert stage.resume("rows", Row) == [Row(1), Row(2)]
    assert len(list(tmp_path.glob("out.old-*"))) == keep


def test_an_unfinished_folder_is_given_to_another_identity(tmp_path: Path) -> None:
    with open_stage(tmp_path / "out", FEW) as stage:
        stage.shard("rows").append(Row(1))
    sign(tmp_path / "out", MANY)
    with open_stage(tmp_path / "out", MANY) as stage:
        assert stage.resume("rows", Row) == [Row(1)]
