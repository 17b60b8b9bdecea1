"""Which problems a data set touches, and what the report tells of its cleaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clean.planted import PROBLEMS, record
from wizardcoder.benchmarks import Benchmark, digest
from wizardcoder.clean import Hit
from wizardcoder.errors import InputError, UsageError
from wizardcoder.pipeline.evidence import cleaning
from wizardcoder.pipeline.touching import checked_names, is_checked, touched
from wizardcoder.records import Record
from wizardcoder.report import MATCHES_SHOWN
from wizardcoder.storage import Identity, open_stage

OWN = Benchmark(name="own", problems=tuple(PROBLEMS), data_sha256=digest(PROBLEMS))
FIRST, SECOND, THIRD, *_ = OWN.by_id


def hit(record_id: str, task_id: str, **more: Any) -> Hit:
    values = {"rule": "function", "part": "solution", "score": 20.0, "span": "x", "drops": True}
    return Hit(record_id=record_id, benchmark="own", task_id=task_id, **{**values, **more})


def cleaned(
    folder: Path,
    hits: Sequence[Hit],
    kept: Sequence[str] = ("a", "b"),
    stage: str = "clean",
    **counts: Any,
) -> Path:
    """A folder as cleaning leaves it."""
    identity = Identity(stage, {"benchmarks": ["own"]}, {"own": OWN.data_sha256})
    records = [record(id) for id in kept]
    tally = {"kept": len(kept), "rejected": 1, "rules": {"contaminated": 1}, **counts}
    with open_stage(folder, identity) as opened:
        tables = {"records": (Record, records), "hits": (Hit, list(hits))}
        opened.finish(tables, counts=tally)
    return folder


def test_only_records_that_were_kept_touch_a_problem(tmp_path: Path) -> None:
    hits = [hit("gone", SECOND), hit("b", THIRD, drops=False), hit("a", FIRST, drops=False)]
    found = touched(cleaned(tmp_path / "clean", hits), OWN)
    assert (found.kept, found.dropped) == ((FIRST, THIRD), (SECOND,))


def test_a_problem_that_both_touch_counts_as_seen(tmp_path: Path) -> None:
    found = touched(cleaned(tmp_path / "clean", [hit("gone", FIRST), hit("a", FIRST)]), OWN)
    assert (found.kept, found.dropped) == ((FIRST,), ())


def test_records_that_an_arm_was_not_trained_on_touch_nothing(tmp_path: Path) -> None:
    folder = cleaned(tmp_path / "clean", [hit("a", FIRST), hit("b", SECOND), hit("gone", THIRD)])
    found = touched(folder, OWN, trained={"b", "another"})
    assert (found.kept, found.dropped) == ((SECOND,), (THIRD,))


def test_problems_that_nobody_looked_for_are_named(tmp_path: Path) -> None:
    found = touched(cleaned(tmp_path / "clean", []), OWN, checked=PROBLEMS[1:])
    assert found.unchecked == (FIRST,)
    assert not found.leaves(FIRST)
    assert found.leaves(SECOND)


def test_a_run_folder_stands_for_its_clean_folder(tmp_path: Path) -> None:
    cleaned(tmp_path / "clean", [hit("a", FIRST)])
    assert touched(tmp_path, OWN).kept == (FIRST,)


def test_data_that_was_not_checked_against_the_benchmark_is_refused(tmp_path: Path) -> None:
    folder = cleaned(tmp_path / "clean", [])
    other = replace(OWN, name="other")
    with pytest.raises(UsageError, match=r"not checked against other, but against own; name it"):
        touched(folder, other)
    assert not is_checked(folder, other)
    with pytest.raises(UsageError, match="checked against other data of own"):
        touched(folder, replace(OWN, data_sha256="0" * 64))


def test_problems_of_the_users_own_and_tables_are_told_apart() -> None:
    inputs = {"encoder": "0", "evolved/records.parquet": "1", "mine": "2", "mbpp": "3"}
    inputs["embedding/model"] = "4"
    assert checked_names({"options": {"benchmarks": ["mbpp"]}, "inputs": inputs}) == [
        "mbpp",
        "encoder",
        "mine",
    ]


def test_a_folder_of_another_stage_is_refused(tmp_path: Path) -> None:
    folder = cleaned(tmp_path / "evolved", [], stage="evolve")
    with pytest.raises(InputError, match="is no folder of cleaned data, but of the stage 'evolve'"):
        touched(folder, OWN)


def test_a_variant_with_the_same_problems_is_checked_along(tmp_path: Path) -> None:
    plain = replace(OWN, name="humaneval")
    identity = Identity("clean", {"benchmarks": ["humaneval"]}, {"humaneval": plain.data_sha256})
    with open_stage(tmp_path / "clean", identity) as opened:
        hits = [replace(hit("a", FIRST), benchmark="humaneval")]
        opened.finish({"records": (Record, [record("a")]), "hits": (Hit, hits)}, counts={})
    plus = replace(OWN, name="humanevalplus", data_sha256="1" * 64)
    assert touched(tmp_path / "clean", plus).kept == (FIRST,)


def test_the_report_shows_first_what_trains_the_model_and_then_what_passes(tmp_path: Path) -> None:
    hits = [
        hit("gone", FIRST, behaviour="fails"),
        hit("gone too", SECOND, behaviour="passes"),
        hit("a", THIRD, behaviour="fails", matched="y"),
    ]
    found = cleaning(cleaned(tmp_path / "clean", hits, behaviour={"fails": 2, "passes": 1}))
    assert found is not None
    assert found.contamination is not None
    shown = found.contamination.evidence
    assert [each.record_id for each in shown] == ["a", "gone too", "gone"]
    assert [each.kept for each in shown] == [True, False, False]
    assert (found.contamination.records, found.contamination.records_kept) == (3, 1)
    assert found.contamination.behaviour == {"fails": 2, "passes": 1}


def test_the_report_holds_so_many_hits_and_counts_them_all(tmp_path: Path) -> None:
    found = cleaning(cleaned(tmp_path / "clean", [hit(f"r{n}", FIRST) for n in range(300)]))
    assert found is not None
    assert found.contamination is not None
    assert len(found.contamination.evidence) == MATCHES_SHOWN
    assert found.contamination.hits == 300


def test_what_the_manifest_counts_is_in_the_report(tmp_path: Path) -> None:
    related = {"parent-child": 1, "sibling": 2, "unrelated": 3}
    counts = {
        "duplicates": {"exact": related, "near_removed": {}, "near_kept": {"sibling": 4}},
        "flags": {"syntax_error": 5},
        "languages": {"python": 2},
        "tokens": {"median": 11.5, "p99": 90, "max": 91},
    }
    found = cleaning(cleaned(tmp_path / "clean", [], **counts))
    assert found is not None
    assert found.duplicates is not None
    assert found.duplicates.relations == ["parent-child", "sibling", "unrelated"]
    assert (found.flags, found.languages) == ({"syntax_error": 5}, {"python": 2})
    assert found.lengths is not None
    assert (found.lengths.median, found.lengths.max) == (12, 91)


def test_data_that_is_not_cleaned_has_no_such_part(tmp_path: Path) -> None:
    assert cleaning(tmp_path / "clean") is None
