"""The seeds stage writes one table, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wizardcoder import seeds
from wizardcoder.errors import InputError
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds import Reading
from wizardcoder.storage import Identity, read_parquet

SEED = Record(
    id="s/000001",
    seed_id="s/000001",
    round=0,
    parent_id=None,
    operation=None,
    instruction="Add 2 and 2.",
    input="",
    response="4",
    source="s",
    licence="MIT",
    teacher="",
    teacher_terms="",
)
SEEDS = [replace(SEED, id=f"s/{n:06d}", seed_id=f"s/{n:06d}") for n in (2, 1, 3)]
BAD = [Rejected.of(replace(SEED, id=f"s/{n:06d}"), "not_text", "odd") for n in (5, 4)]
READING = Reading(SEEDS, BAD)
IDENTITY = Identity("seeds", {"source": "s"})


def test_the_tables_are_sorted_by_id_and_counted(tmp_path: Path) -> None:
    manifest = seeds.run_stage(tmp_path / "seeds", lambda: READING, identity=IDENTITY)
    table = read_parquet(tmp_path / "seeds" / "records.parquet", Record)
    assert [record.id for record in table] == ["s/000001", "s/000002", "s/000003"]
    rejected = read_parquet(tmp_path / "seeds" / "rejected.parquet", Rejected)
    assert rejected == sorted(BAD, key=lambda row: row.id)
    assert manifest["counts"] == {
        "seeds": 3,
        "rejected": 2,
        "rules": {"not_text": 2},
        "licences": {"MIT": 3},
    }


def test_a_finished_stage_reads_nothing_again(tmp_path: Path) -> None:
    first = seeds.run_stage(tmp_path / "seeds", lambda: READING, identity=IDENTITY)

    def read() -> Reading:
        raise AssertionError("read again")

    assert seeds.run_stage(tmp_path / "seeds", read, identity=IDENTITY) == first


def test_seeds_that_cannot_be_read_leave_no_table(tmp_path: Path) -> None:
    def read() -> Reading:
        raise InputError("s.jsonl", line=3, problem="is not JSON")

    with pytest.raises(InputError):
        seeds.run_stage(tmp_path / "seeds", read, identity=IDENTITY)
    assert not (tmp_path / "seeds").exists()
    assert list(tmp_path.rglob("*.parquet")) == []
    manifest = seeds.run_stage(tmp_path / "seeds", lambda: READING, identity=IDENTITY)
    assert manifest["counts"]["seeds"] == 3
