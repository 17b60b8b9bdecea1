"""Stage folders keep what was done, whatever interrupts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wizardcoder import storage
from wizardcoder.errors import InputError, RunLockedError, StageConflictError, StorageError
from wizardcoder.storage import Identity, open_stage
from wizardcoder.storage.rows import Shard, drop_torn_line, locate_jsonl
from wizardcoder.storage.tables import ROWS_PER_GROUP


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    size: int
    note: str | None = None
    colour: Colour = Colour.RED


IDENTITY = Identity("paint", {"lr": 0.1, "betas": (0.9, 0.95)}, {"seeds/records.parquet": "ab"})
ROWS = [Row("a", 1), Row("b", 2, "odd \ud800 text")]


def finish(path: Path, rows: list[Row], identity: Identity = IDENTITY) -> None:
    with open_stage(path, identity) as stage:
        shard = stage.shard("rows")
        for row in rows:
            shard.append(row)
        stage.finish({"rows": (Row, rows)}, counts={"rows": len(rows)})


def test_a_finished_stage_is_complete_and_holds_tables_and_manifest_only(tmp_path: Path) -> None:
    finish(tmp_path / "paint", ROWS[:1])
    assert sorted(os.listdir(tmp_path)) == ["paint"]
    assert sorted(os.listdir(tmp_path / "paint")) == ["manifest.json", "rows.parquet"]
    stage = open_stage(tmp_path / "paint", IDENTITY)
    assert stage.complete
    assert stage.manifest["counts"] == {"rows": 1}
    assert storage.read_parquet(tmp_path / "paint" / "rows.parquet", Row) == ROWS[:1]


def test_an_interrupted_stage_resumes_with_its_rows_less_a_torn_last_line(tmp_path: Path) -> None:
    with open_stage(tmp_path / "paint", IDENTITY) as stage:
        shard = stage.shard("rows")
        for row in ROWS:
            shard.append(row)
    file = tmp_path / "paint.partial" / "rows.jsonl"
    file.write_bytes(file.read_bytes() + b'{"name": "c", "si')
    resumed = open_stage(tmp_path / "paint", IDENTITY)
    assert not resumed.complete
    assert resumed.resume("rows", Row) == ROWS
    assert resumed.resume("rows", Row) == ROWS


def test_a_stage_killed_between_manifest_and_rename_finishes_again(tmp_path: Path) -> None:
    finish(tmp_path / "paint", ROWS[:1])
    (tmp_path / "paint").rename(tmp_path / "paint.partial")
    text = json.dumps(IDENTITY.as_json())
    (tmp_path / "paint.partial" / "identity.json").write_text(text)
    finish(tmp_path / "paint", ROWS[:1])
    assert storage.read_parquet(tmp_path / "paint" / "rows.parquet", Row) == ROWS[:1]


def test_a_stage_killed_before_its_identity_was_written_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "paint.partial").mkdir()
    (tmp_path / "paint.partial" / ".identity.json.17").write_text("{")
    assert not open_stage(tmp_path / "paint", IDENTITY).complete


@pytest.mark.parametrize("finished", [True, False])
def test_another_identity_is_refused_and_force_moves_the_old_folder_aside(
    tmp_path: Path, finished: bool
) -> None:
    if finished:
        finish(tmp_path / "paint", ROWS[:1])
    else:
        with open_stage(tmp_path / "paint", IDENTITY) as stage:
            stage.shard("rows").append(ROWS[0])
    other = Identity("paint", {"lr": 0.2, "betas": (0.9, 0.95)}, IDENTITY.inputs)
    with pytest.raises(StageConflictError, match=r"options\.lr: 0\.1 → 0\.2.*--force"):
        open_stage(tmp_path / "paint", other)
    assert not open_stage(tmp_path / "paint", other, force=True).complete
    assert len(list(tmp_path.glob("*.old-*"))) == 1


def test_an_unfinished_stage_that_made_nothing_gives_way(tmp_path: Path) -> None:
    open_stage(tmp_path / "paint", IDENTITY).shard("rows").close()
    assert not storage.begun(tmp_path / "paint")
    assert not open_stage(tmp_path / "paint", Identity("paint", {})).complete
    assert os.listdir(tmp_path) == []


def test_a_finished_stage_that_lost_a_file_is_named(tmp_path: Path) -> None:
    finish(tmp_path / "paint", ROWS[:1])
    (tmp_path / "paint" / "rows.parquet").unlink()
    with pytest.raises(InputError, match=r"rows\.parquet: is gone .*remove the folder"):
        open_stage(tmp_path / "paint", IDENTITY).complete  # noqa: B018


def test_a_stage_that_was_only_opened_leaves_nothing(tmp_path: Path) -> None:
    with open_stage(tmp_path / "paint", IDENTITY) as stage:
        assert stage.resume("rows", Row) == []
    assert os.listdir(tmp_path) == []


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        storage.write_parquet(tmp_path / name, Row, [Row("a", 1), Row("b", 2, "x")])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_table_is_written_and_read_group_by_group(tmp_path: Path) -> None:
    rows = [Row(f"{n}", n % 3) for n in range(2 * ROWS_PER_GROUP + 1)]
    storage.write_parquet(tmp_path / "t.parquet", Row, iter(rows))
    assert list(storage.stream_parquet(tmp_path / "t.parquet", Row)) == rows
    with pq.ParquetFile(tmp_path / "t.parquet") as table:
        assert table.num_row_groups == 3


def test_a_table_without_rows_can_be_read(tmp_path: Path) -> None:
    storage.write_parquet(tmp_path / "t.parquet", Row, [])
    assert storage.read_parquet(tmp_path / "t.parquet", Row) == []


def test_rows_are_counted_by_some_columns(tmp_path: Path) -> None:
    rows = [Row("a", 1), Row("a", 1, "odd"), Row("b", 1)]
    storage.write_parquet(tmp_path / "t.parquet", Row, rows)
    assert storage.tally_parquet(tmp_path / "t.parquet", "name", "size") == {
        ("a", 1): 2,
        ("b", 1): 1,
    }
    assert storage.tally_parquet(tmp_path / "t.parquet", "note") == {(None,): 2, ("odd",): 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"PAR?", "is not a Parquet file"), (b"", "is not a Parquet file")],
)
def test_a_table_that_cannot_be_read_is_named(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"t\.parquet: {message}"):
        storage.tally_parquet(path, "name")


def test_columns_that_a_table_lacks_are_named(tmp_path: Path) -> None:
    storage.write_parquet(tmp_path / "t.parquet", Row, ROWS[:1])
    with pytest.raises(InputError, match="lacks the columns colour2, size2"):
        storage.tally_parquet(tmp_path / "t.parquet", "size2", "name", "colour2")


def test_further_files_of_a_stage_are_hashed_where_they_are_named(tmp_path: Path) -> None:
    with open_stage(tmp_path / "out", IDENTITY) as stage:
        for name in ("data.jsonl", "other.txt"):
            (stage.partial / name).write_text("x")
        manifest = stage.finish({}, counts={}, files=["data.jsonl"])
    assert manifest["files"] == {"data.jsonl": storage.sha256(tmp_path / "out" / "data.jsonl")}


def test_a_malformed_line_in_the_middle_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"name": "a", "size": 1}\n{"nam\n{"name": "b", "size": 1}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl:2: is not a Row"):
        list(storage.read_jsonl(file, Row))


def test_a_second_writer_is_refused_by_name_and_a_dead_one_is_not(tmp_path: Path) -> None:
    hold = (
        "import sys, pathlib; from wizardcoder.storage import run_lock\n"
        "with run_lock(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(RunLockedError, match=f"process {holder.pid} on "),
            storage.run_lock(tmp_path / "run"),
        ):
            pass
        holder.kill()
    with storage.run_lock(tmp_path / "run"):
        pass


def test_a_full_disk_is_a_storage_error_that_says_what_to_do(tmp_path: Path) -> None:
    shard = storage.Shard(Path("/dev/full"))
    with pytest.raises(StorageError, match=r"No space left on device.*make room"):
        shard.append({"a": 1})
    shard.close()


def test_a_row_that_did_not_fit_leaves_no_torn_piece_behind(tmp_path: Path) -> None:
    code = (
        "import pathlib, resource, signal, sys; from wizardcoder import errors, storage\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "shard = storage.Shard(pathlib.Path(sys.argv[1]))\n"
        "shard.append({'n': 1})\n"
        "try: shard.append({'n': 'x' * 200})\n"
        "except errors.StorageError: shard.append({'n': 2})\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "rows.jsonl")], check=True)
    assert (tmp_path / "rows.jsonl").read_text() == '{"n": 1}\n{"n": 2}\n'


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        storage.write_text(tmp_path / "file", "new \ud800")
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("torn", [b"", b"{", b'{"name": "' + b"x" * 200_000])
def test_rows_are_found_where_they_begin_behind_no_torn_line(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [Row("é" * size, size) for size in (0, 70_000, 3)]
    shard = Shard(path)
    offsets = [shard.append(row) for row in rows]
    shard.close()
    with path.open("ab") as file:
        file.write(torn)
    drop_torn_line(path)
    assert list(locate_jsonl(path, Row)) == list(zip(offsets, rows, strict=True))


def test_a_file_of_one_torn_line_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"x" * 200_000)
    drop_torn_line(path)
    assert path.read_bytes() == b""
