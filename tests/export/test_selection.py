"""What an export holds: merged in order, up to a round, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export.samples import child, record, table
from wizardcoder.errors import InputError
from wizardcoder.export import Selection

SEEDS = [record(1, licence="MIT"), record(2, licence="unknown"), record(3, source="t")]
CHILDREN = [
    child(1, 1),
    child(1, 3, teacher="n", teacher_terms="no rivals", verification="failed"),
    child(2, 2, operation="replace", judge="unclear", language="Rust"),
]


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, ...]:
    return table(tmp_path, SEEDS, "seeds"), table(tmp_path, CHILDREN, "evolved")


def test_tables_are_merged_by_lineage_and_round(tables: tuple[Path, ...]) -> None:
    found = [(r.seed_id[-1], r.round) for r in Selection(tables)]
    assert found == [("1", 0), ("1", 1), ("1", 3), ("2", 0), ("2", 2), ("3", 0)]


def test_records_come_back_whole(tables: tuple[Path, ...]) -> None:
    assert {r.id: r for r in Selection(tables)} == {r.id: r for r in [*SEEDS, *CHILDREN]}


def test_later_rounds_are_left_out(tables: tuple[Path, ...]) -> None:
    assert {r.round for r in Selection(tables, 1)} == {0, 1}
    assert Selection(tables, 1).contents().rounds == {0: 3, 1: 1}


def test_contents_are_counted(tables: tuple[Path, ...]) -> None:
    found = Selection(tables).contents()
    assert found.records == 6
    assert found.sources == {("s", "MIT"): 4, ("s", "unknown"): 1, ("t", "MIT"): 1}
    assert found.licences == {"MIT": 5, "unknown": 1}
    assert found.teachers == {("m", "none"): 2, ("n", "no rivals"): 1}
    assert found.rounds == {0: 3, 1: 1, 2: 1, 3: 1}
    assert found.operations == {"reasoning": 2, "replace": 1}
    assert found.languages == {"Rust": 1}
    assert found.judge == {"unclear": 1}
    assert found.verification == {"failed": 1}


def test_every_count_adds_up_to_the_last_record(tables: tuple[Path, ...]) -> None:
    found, records = Selection(tables).contents(), list(Selection(tables))
    for counter in (found.sources, found.licences, found.rounds):
        assert counter.total() == found.records == len(records)
    assert found.operations.total() == sum(r.round > 0 for r in records)


def test_a_table_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.parquet: does not exist"):
        Selection((tmp_path / "gone.parquet",)).contents()
