"""Cleaning on the real Code Alpaca, the real HumanEval and real evolved questions."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from wizardcoder import benchmarks
from wizardcoder.clean import Cleaned, Relation, clean
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem
from wizardcoder.seeds import read_file

from .planted import program, record, renamed

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def humaneval(shared: Path) -> tuple[Problem, ...]:
    return benchmarks.load("humaneval", shared / "data").problems


@pytest.fixture(scope="module")
def code_alpaca(shared: Path, humaneval: tuple[Problem, ...]) -> Cleaned:
    seeds = read_file(shared / "data" / "seeds" / "code_alpaca_20k.json.gz").records
    return clean(seeds, Clean(), {"humaneval": humaneval})


def test_code_alpaca_holds_solutions_of_a_few_easy_problems(code_alpaca: Cleaned) -> None:
    hits = [hit for hit in code_alpaca.hits if hit.drops]
    assert Counter(hit.task_id for hit in hits if hit.rule == "function") == {
        "HumanEval/13": 3,  # greatest common divisor
        "HumanEval/18": 2,  # how often a text occurs in another, overlaps counted
        "HumanEval/31": 1,  # is it a prime
        "HumanEval/35": 18,  # the largest of a list
    }
    assert not [hit for hit in hits if hit.rule == "verbatim"]


def test_code_alpaca_has_few_near_duplicates(code_alpaca: Cleaned) -> None:
    rules = Counter(row.rule for row in code_alpaca.rejected)
    assert rules == {"contaminated": 26, "near_duplicate": 38, "no_response": 6}


@pytest.mark.parametrize(("kind", "recall"), [("verbatim", 1.0), ("renamed", 0.95)])
def test_leaked_solutions_of_humaneval_are_found(
    humaneval: tuple[Problem, ...], kind: str, recall: float
) -> None:
    change = renamed if kind == "renamed" else str
    leaks = [record(p.task_id, "Improve this.", change(program(p))) for p in humaneval]
    hits = clean(leaks, Clean(near_duplicates=False), {"humaneval": humaneval}).hits
    assert len({hit.record_id for hit in hits}) >= recall * len(humaneval)


def test_real_evolved_rounds_lose_nothing_but_exact_repetitions(shared: Path) -> None:
    # The files do not say who is whose parent: all are taken for one lineage.
    records = []
    for round in (1, 2, 3):
        path = shared / "data" / "evolved" / f"python_questions_round_{round}.json"
        for n, row in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            records.append(record(f"{n}#{round}", row["instruction"], seed_id="all", round=round))
    cleaned = clean(records, Clean(), {})
    assert Counter(row.rule for row in cleaned.rejected) == {"exact_duplicate": 30}
    assert cleaned.near_duplicates == {Relation.SIBLING: 34}
