"""Seed files go to the stage's tables as they are read; what is torn is rejected or refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wizardcoder.errors import InputError, UsageError
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds import Manner, SeedFiles, read_file, read_files, run_file_stage
from wizardcoder.seeds.file_stage import names_of
from wizardcoder.storage import Identity, read_parquet, write_parquet

GOOD = json.dumps({"instruction": "Add 2 and 2.", "output": "4"})
CHAT = json.dumps({"messages": [{"role": "user", "content": "Hi"}]})
LENIENT = Manner(lenient=True)
IDENTITY = Identity("seeds", {})


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_stage_holds_what_reading_the_file_gives(tmp_path: Path) -> None:
    file = write(tmp_path / "s.jsonl", f"{GOOD}\n7\n{GOOD}\n")
    manifest = run_file_stage(tmp_path / "seeds", SeedFiles([file]), identity=IDENTITY)
    reading = read_file(file)
    assert read_parquet(tmp_path / "seeds" / "records.parquet", Record) == reading.records
    assert read_parquet(tmp_path / "seeds" / "rejected.parquet", Rejected) == reading.rejected
    assert (manifest["counts"]["seeds"], manifest["counts"]["rejected"]) == (2, 1)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (GOOD[:20].encode(), "not_json"),
        (b'{"instruction": "\xff"}', "not_utf8"),
        (b"[" * 9999, "not_json"),
        (b"\0", "not_json"),
        (b'{"instruction": "a\\u0000", "output": "b"}', "not_text"),
        (b'{"instruction": 5, "output": "b"}', "not_text"),
    ],
)
def test_a_row_that_cannot_be_read_is_rejected_with_file_and_line(
    tmp_path: Path, line: bytes, rule: str
) -> None:
    file = write(tmp_path / "s.jsonl", b"\n".join([GOOD.encode(), line, GOOD.encode()]))
    reading = read_files(SeedFiles([file], manner=LENIENT))
    assert [seed.id for seed in reading.records] == ["s/000001", "s/000003"]
    (rejected,) = reading.rejected
    assert rejected.rule == rule
    assert f"{file}:2: " in rejected.detail


def test_a_file_that_ends_early_gives_the_rows_before(tmp_path: Path) -> None:
    packed = gzip.compress("\n".join([GOOD] * 999).encode(), 0)
    file = write(tmp_path / "s.jsonl.gz", packed[: len(packed) // 2])
    reading = read_files(SeedFiles([file], manner=LENIENT))
    assert len(reading.records) > 400
    assert reading.rejected[-1].rule == "damaged"


def test_an_array_broken_in_the_middle_loses_one_row(tmp_path: Path) -> None:
    file = write(tmp_path / "s.json", f"[{GOOD},\n{GOOD[:30]},\n{GOOD}]")
    reading = read_files(SeedFiles([file], manner=LENIENT))
    assert len(reading.records) == 2
    assert [(r.rule, f"{file}:2: " in r.detail) for r in reading.rejected] == [("not_json", True)]


def test_a_null_in_parquet_is_rejected_with_its_row(tmp_path: Path) -> None:
    table = pa.table({"instruction": ["a", None, "c"], "output": ["1", "2", "3"]})
    pq.write_table(table, tmp_path / "s.parquet")
    reading = read_files(SeedFiles([tmp_path / "s.parquet"], manner=LENIENT))
    assert [seed.instruction for seed in reading.records] == ["a", "c"]
    assert "s.parquet:2: " in reading.rejected[0].detail


def test_where_it_is_paid_for_a_torn_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "s.jsonl", f"{GOOD}\n{GOOD}\n{GOOD[:20]}\n")
    with pytest.raises(InputError, match=r"s\.jsonl:3: is not JSON"):
        run_file_stage(tmp_path / "seeds", SeedFiles([file], count=1), identity=IDENTITY)
    assert not list(tmp_path.rglob("*.parquet"))


def test_rows_of_several_formats_are_each_read_in_their_own(tmp_path: Path) -> None:
    file = write(tmp_path / "s.jsonl", f"{GOOD}\n{CHAT}\n")
    reading = read_files(SeedFiles([file], manner=LENIENT))
    assert [seed.instruction for seed in reading.records] == ["Add 2 and 2.", "Hi"]


def test_files_of_one_name_have_ids_of_their_own(tmp_path: Path) -> None:
    files = [write(tmp_path / folder / "s.jsonl", GOOD) for folder in "ab"]
    ids = [seed.id for seed in read_files(SeedFiles(files)).records]
    assert ids == ["a/s/000001", "b/s/000001"]
    assert names_of([tmp_path / "s.json", tmp_path / "s.jsonl"]) == ["s.json", "s.jsonl"]
    with pytest.raises(UsageError, match="is named twice"):
        names_of([files[0], files[0]])


@pytest.mark.parametrize("lineage", [True, False])
def test_a_table_of_this_project_keeps_its_lineage_where_that_is_wanted(
    tmp_path: Path, lineage: bool
) -> None:
    (seed,) = read_files(SeedFiles([write(tmp_path / "s.jsonl", GOOD)])).records
    values = {name: getattr(seed, name) for name in Record.__dataclass_fields__}
    child = Record(**{**values, "id": "s/000001#1", "round": 1, "parent_id": seed.id})
    write_parquet(tmp_path / "records.parquet", Record, [child])
    files = SeedFiles([tmp_path / "records.parquet"], manner=Manner(lineage=lineage))
    (found,) = read_files(files).records
    assert (found == child) is lineage
    assert found.round == (1 if lineage else 0)
