from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizardcoder.clean import Flagged, Hit, Relation, Tag, Targets, clean, run_stage, workers
from wizardcoder.errors import UsageError
from wizardcoder.recipe import Clean
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, read_parquet, write_parquet

from .planted import PROBLEMS, edited, near, program, record, renamed, statement, unrelated

OWN = {"own": PROBLEMS}
IDENTITY = Identity("clean", {"a": 1})


def mixed() -> list[Record]:
    """Unrelated records with leaks, exact and near duplicates, and a lineage among them."""
    random = Random(3)
    records = unrelated(120)
    copies = [
        record(f"x{n}", r.question, r.response if n % 2 else f"{r.response}\n# note {n}")
        for n, r in enumerate(records[:20])
    ]
    leaks = [
        record(f"leak {p.task_id} {n}", question, response)
        for p in PROBLEMS
        for n, (question, response) in enumerate(
            [
                (statement(p), program(p)),
                (edited(statement(p), random), edited(program(p), random)),
                ("Improve this.", renamed(program(p))),
            ]
        )
    ]
    text = near(records[50].question, 1.0, random)
    child = record(
        "r0050#1",
        f"{text} Do it in place.",
        records[50].response,
        seed_id="r0050",
        round=1,
        parent_id="r0050",
    )
    return [*records, *copies, *leaks, child]


MIXED = mixed()
CLEANED = clean(MIXED, Clean(), OWN)


def stage(folder: Path, records: list[Record], options: Clean = Clean(), jobs: int = 1) -> Json:  # noqa: B008
    """The stage on a table of these records, in two files; returns the manifest."""
    tables = [folder.with_name(f"{folder.name}-{number}.parquet") for number in range(2)]
    for number, table in enumerate(tables):
        write_parquet(table, Record, records[number::2])
    targets = Targets(OWN, {})
    return run_stage(folder, tables, options, targets, identity=IDENTITY, jobs=jobs)


def rules(rejected: list[Rejected]) -> dict[str, str]:
    return {row.id: row.rule for row in rejected}


def test_every_record_is_kept_or_rejected_by_one_rule() -> None:
    ids = [r.id for r in (*CLEANED.kept, *CLEANED.rejected)]
    assert sorted(ids) == sorted(r.id for r in MIXED)
    assert set(rules(CLEANED.rejected).values()) == {
        "contaminated",
        "exact_duplicate",
        "near_duplicate",
    }


def test_what_was_planted_goes_and_nothing_else() -> None:
    planted = {r.id for r in MIXED if r.id.startswith(("leak", "x"))}
    assert set(rules(CLEANED.rejected)) == planted


def test_both_tables_are_in_the_order_of_seed_and_round() -> None:
    for rows in (CLEANED.kept, CLEANED.rejected):
        keys = [(row.seed_id, row.round) for row in rows]
        assert keys == sorted(keys)


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_records_makes_no_difference(random: Random) -> None:
    shuffled = list(MIXED)
    random.shuffle(shuffled)
    assert clean(shuffled, Clean(), OWN) == CLEANED


def test_a_parent_and_its_child_survive_and_are_counted() -> None:
    assert {"r0050", "r0050#1"} <= {r.id for r in CLEANED.kept}
    assert CLEANED.near_duplicates[Relation.PARENT_CHILD] == 1


def test_no_record_goes_in_favour_of_a_contaminated_one() -> None:
    leak = record("a", statement(PROBLEMS[0]), program(PROBLEMS[0]))
    twin = record("b", statement(PROBLEMS[0]), program(PROBLEMS[0]))
    assert rules(clean([leak, twin], Clean(), OWN).rejected) == {
        "a": "contaminated",
        "b": "contaminated",
    }


def test_a_contaminated_record_says_by_what() -> None:
    leak = record("a", statement(PROBLEMS[0]))
    (rejected,) = clean([leak], Clean(), OWN).rejected
    assert (
        rejected.detail == f"own own/water_left: verbatim 1 (statement): {statement(PROBLEMS[0])}"
    )


def test_without_near_duplicates_only_exact_ones_go() -> None:
    cleaned = clean(MIXED, Clean(near_duplicates=False), {})
    assert set(rules(cleaned.rejected).values()) == {"exact_duplicate"}
    assert not cleaned.near_duplicates


def test_two_records_with_one_id_are_refused() -> None:
    with pytest.raises(UsageError, match="record ids occur more than once, the first is 'a'"):
        clean([record("a", "x"), record("a", "y")], Clean(), {})


def test_no_records_give_empty_tables(tmp_path: Path) -> None:
    manifest = stage(tmp_path / "clean", [])
    assert manifest["counts"]["records"] == 0
    assert read_parquet(tmp_path / "clean" / "records.parquet", Record) == []


def test_the_stage_writes_what_cleaning_gives(tmp_path: Path) -> None:
    folder = tmp_path / "clean"
    manifest = stage(folder, MIXED)
    assert read_parquet(folder / "records.parquet", Record) == CLEANED.kept
    assert read_parquet(folder / "rejected.parquet", Rejected) == CLEANED.rejected
    assert read_parquet(folder / "hits.parquet", Hit) == CLEANED.hits
    assert read_parquet(folder / "flags.parquet", Flagged) == CLEANED.flags
    assert json.loads((folder / "manifest.json").read_text()) == manifest
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["manifest.json", *manifest["files"]]
    )


def test_every_kept_record_has_a_tag(tmp_path: Path) -> None:
    stage(tmp_path / "clean", MIXED)
    tags = read_parquet(tmp_path / "clean" / "tags.parquet", Tag)
    assert [tag.record_id for tag in tags] == [record.id for record in CLEANED.kept]
    assert {tag.language for tag in tags} == {"python"}
    assert all(tag.tokens > 0 for tag in tags)


def test_the_manifest_counts_by_rule_relation_and_benchmark(tmp_path: Path) -> None:
    counts = stage(tmp_path / "clean", MIXED, Clean(containment=0.6))["counts"]
    assert counts["records"] == counts["kept"] + counts["rejected"] == len(MIXED)
    assert counts["rules"] == {"contaminated": 15, "exact_duplicate": 10, "near_duplicate": 10}
    assert counts["duplicates"]["exact"]["unrelated"] == 10
    assert counts["duplicates"]["near_removed"]["unrelated"] == 10
    assert counts["duplicates"]["near_kept"]["parent-child"] == 1
    assert counts["kept_by_round"] == {"0": 120, "1": 1}
    assert sum(counts["contamination"].values()) == sum(counts["contamination_by_rule"].values())
    assert counts["languages"] == {"python": counts["kept"]}
    assert 0 < counts["tokens"]["median"] <= counts["tokens"]["p99"] <= counts["tokens"]["max"]
    assert counts["changed_options"] == {"containment": [0.5, 0.6]}


def test_a_kept_record_with_a_fault_is_counted_and_named(tmp_path: Path) -> None:
    broken = record("a", response="```python\ndef f(:\n```")
    counts = stage(tmp_path / "clean", [broken, record("b", "Else.")])["counts"]
    assert (counts["kept"], counts["flags"]) == (2, {"syntax_error": 1})
    (flag,) = read_parquet(tmp_path / "clean" / "flags.parquet", Flagged)
    assert (flag.record_id, flag.rule, flag.drops) == ("a", "syntax_error", False)


def test_a_record_goes_by_the_first_rule_against_it() -> None:
    refused = record("a", statement(PROBLEMS[0]), "I'm sorry, but I cannot help with that.")
    cleaned = clean([refused, record("b", refused.question, refused.response)], Clean(), OWN)
    assert rules(cleaned.rejected) == {"a": "refused", "b": "refused"}
    assert {hit.record_id for hit in cleaned.hits} == {"a", "b"}


def test_the_order_of_the_rows_makes_no_difference_to_the_bytes(tmp_path: Path) -> None:
    for name, records in (("one", MIXED), ("two", MIXED[::-1])):
        stage(tmp_path / name, records)
    for file in (tmp_path / "one").glob("*.parquet"):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


@pytest.mark.slow
def test_the_number_of_processes_makes_no_difference_to_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "over", partial(workers.over, least_rows=0))
    copies = [replace(r, id=f"{r.id} {n}", seed_id=r.id) for r in MIXED for n in range(8)]
    for name, jobs in (("one", 1), ("two", 2)):
        stage(tmp_path / name, copies, jobs=jobs)
    for file in (tmp_path / "one").glob("*.parquet"):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_a_finished_stage_is_not_done_again(tmp_path: Path) -> None:
    first = stage(tmp_path / "clean", MIXED)
    assert stage(tmp_path / "clean", []) == first


def test_what_a_killed_execution_left_is_replaced(tmp_path: Path) -> None:
    spill = tmp_path / "clean.partial" / ".spill"
    spill.mkdir(parents=True)
    (spill / "bands").write_bytes(b"half")
    (tmp_path / "clean.partial" / "records.parquet").write_bytes(b"half")
    stage(tmp_path / "clean", MIXED)
    assert read_parquet(tmp_path / "clean" / "records.parquet", Record) == CLEANED.kept
    assert not list(tmp_path.rglob(".spill"))


def test_a_benchmarks_own_check_rejects(tmp_path: Path) -> None:
    cleaned = clean(
        [record("a", response="1 2 3")], Clean(), {}, {"world": lambda text: ("held-out", "w/1")}
    )
    assert rules(cleaned.rejected) == {"a": "contaminated"}


def test_a_record_is_kept_as_it_was_however_it_is_compared() -> None:
    odd = record("a", "Sum\u00a0the \uff58\u200bs.", "It\u2019s sum(xs)\u3002\ufeff")
    assert clean([odd], Clean(), OWN).kept == [odd]


def test_beyond_a_million_rows_the_first_stays_too() -> None:
    ids = ["s/000007", "s/999999", "s/1000000", "s/1000001", "s/10000000", "t/000001"]
    cleaned = clean([record(id, "Sort it.", "x") for id in reversed(ids)], Clean(), {})
    assert [row.id for row in cleaned.kept] == ["s/000007"]
    others = clean([record(id, f"Sort {id}.") for id in reversed(ids)], Clean(), {})
    assert [row.id for row in others.kept] == ids


@pytest.mark.parametrize("response", ["", " \n"])
def test_a_seed_without_a_response_is_no_training_data(response: str) -> None:
    question = "Sort a list of words by their last letter, ties by their first."
    cleaned = clean([record("a", question, response), record("b", question)], Clean(), {})
    assert [row.id for row in cleaned.kept] == ["b"]
    assert rules(cleaned.rejected) == {"a": "no_response"}
