"""Cleaning on the real Code Alpaca, the real HumanEval and real evolved questions."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from wizardcoder import benchmarks
from wizardcoder.clean import Cleaned, Problems, Relation, clean, contamination
from wizardcoder.clean.problems import parts
from wizardcoder.clean.rows import of_records
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem, Record
from wizardcoder.seeds import read_file

from .planted import program, record, renamed, words

#: The rows of Code Alpaca whose text is like a problem's. All but two ask for the same or nearly
#: so; those two (a binary search, the least of a list) are the price.
READ_BY_EYE = {
    "000943": "HumanEval/13",
    "003173": "Mbpp/257",
    "005047": "Mbpp/195",
    "005660": "Mbpp/226",  # word for word
    "005679": "HumanEval/13",
    "006390": "Mbpp/184",
    "009965": "Mbpp/404",
    "011042": "Mbpp/309",
    "011770": "Mbpp/181",
    "012441": "Mbpp/145",
    "012865": "Mbpp/410",
    "013768": "Mbpp/374",
    "017542": "Mbpp/18",
}

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def humaneval(shared: Path) -> tuple[Problem, ...]:
    return benchmarks.load("humaneval", shared / "data").problems


@pytest.fixture(scope="module")
def benchmark_problems(shared: Path, humaneval: tuple[Problem, ...]) -> Problems:
    return {"humaneval": humaneval, "mbpp": benchmarks.load("mbpp", shared / "data").problems}


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
        "HumanEval/35": 19,  # the largest of a list
    }
    assert not [hit for hit in hits if hit.rule == "verbatim"]


def test_code_alpaca_has_few_near_duplicates(code_alpaca: Cleaned) -> None:
    rules = Counter(row.rule for row in code_alpaca.rejected)
    assert rules == {"contaminated": 27, "near_duplicate": 38, "no_response": 6, "refused": 1}


def test_what_code_alpaca_says_like_mbpp_was_read_by_eye(
    code_alpaca: Cleaned, benchmark_problems: Problems
) -> None:
    wanted = {f"code_alpaca_20k/{number}" for number in READ_BY_EYE}
    records = [r for r in (*code_alpaca.kept, *code_alpaca.rejected) if r.id in wanted]
    bubble_sorts = [r for r in code_alpaca.kept if "bubble sort" in r.instruction.lower()]
    hits = clean([*records, *bubble_sorts], Clean(), benchmark_problems).hits
    said = [hit for hit in hits if hit.rule != "function"]
    assert {hit.record_id.rpartition("/")[2]: hit.task_id for hit in said} == READ_BY_EYE
    assert len(bubble_sorts) > 10


@pytest.mark.parametrize("benchmark", ["humaneval", "mbpp"])
@pytest.mark.parametrize(
    ("kind", "recall"),
    [("verbatim", 0.99), ("edited", 0.98), ("renamed with text", 0.98), ("renamed only", 0.95)],
)
def test_planted_leaks_of_real_problems_are_found(
    benchmark_problems: Problems, benchmark: str, kind: str, recall: float
) -> None:
    problems = benchmark_problems[benchmark]
    leaks = [leak(problem, kind, Random(problem.task_id)) for problem in problems]
    hits = contamination.find(of_records(leaks), Clean(), benchmark_problems)
    found = {hit.record_id for hit in hits if hit.record_id == hit.task_id}
    assert len(found) >= recall * len(problems)


def leak(problem: Problem, kind: str, random: Random) -> Record:
    code = problem.canonical_solution
    if problem.task_id.startswith("HumanEval"):
        code = program(problem)
    said = next(part.text for part in parts("", problem) if part.kind == "statement")
    if kind.startswith("renamed"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's escape sequences
            code = renamed(code)
    elif kind == "edited":
        said, code = exchanged(said, random), exchanged(code, random)
    said = "Improve this." if kind == "renamed only" else said
    return record(problem.task_id, said, f"Sure.\n```python\n{code}\n```\nThat is it.")


def exchanged(text: str, random: Random) -> str:
    """The text with a tenth of its words exchanged."""
    pieces = re.split(r"(\s+)", text)
    places = [place for place, piece in enumerate(pieces) if piece.strip()]
    for place in random.sample(places, round(len(places) / 10)):
        pieces[place] = words(random, 1)
    return "".join(pieces)


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
