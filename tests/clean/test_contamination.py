from __future__ import annotations

from random import Random

import pytest

from wizardcoder.clean.contamination import find_contamination
from wizardcoder.clean.hits import Hit
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem, Record

from .planted import PROBLEMS, edited, program, record, renamed, statement, unrelated

OWN = {"own": PROBLEMS}
LEAKS = ("verbatim", "edited", "renamed with text", "renamed only")


def leak(problem: Problem, kind: str, random: Random) -> Record:
    code, text = program(problem), statement(problem)
    question, response = {
        "verbatim": (text, code),
        "edited": (edited(text, random), edited(code, random)),
        "renamed with text": (text, renamed(code)),
        "renamed only": ("Improve this.", f"Sure.\n```python\n{renamed(code)}\n```\n"),
    }[kind]
    return record(f"{problem.task_id} {kind}", question, response)


def drops(records: list[Record]) -> list[Hit]:
    return [hit for hit in find_contamination(records, Clean(), OWN) if hit.drops]


@pytest.mark.parametrize("kind", LEAKS)
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.entry_point)
def test_a_planted_leak_is_found_and_names_its_problem_alone(problem: Problem, kind: str) -> None:
    hits = drops([*unrelated(40), leak(problem, kind, Random(1))])
    assert {(h.record_id, h.task_id) for h in hits} == {
        (f"{problem.task_id} {kind}", problem.task_id)
    }


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.entry_point)
def test_renamed_code_alone_is_found_by_its_function(problem: Problem) -> None:
    (hit,) = drops([leak(problem, "renamed only", Random(0))])
    assert hit.rule == "function"
    assert hit.span == renamed(program(problem))
    assert hit.score >= 15


def test_code_in_the_question_is_searched_too() -> None:
    code = renamed(program(PROBLEMS[0]))
    for found in (record("a", f"Explain:\n```\n{code}\n```"), record("a", "Explain.", input=code)):
        assert [hit.rule for hit in drops([found])] == ["function"]


def test_a_small_function_is_counted_and_the_record_kept() -> None:
    small = Clean(min_ast_nodes=200)
    (hit,) = find_contamination([leak(PROBLEMS[0], "renamed only", Random(0))], small, OWN)
    assert hit.rule == "function"
    assert not hit.drops


def test_a_tiny_function_is_nobodys() -> None:
    tiny = Problem(
        task_id="own/add",
        prompt="def add(a, b):\n",
        instruction="",
        entry_point="add",
        test="",
        canonical_solution="    return a + b\n",
    )
    code = "def plus(x, y):\n    return x + y\n"
    assert not find_contamination([record("a", response=code)], Clean(), {"own": [tiny]})


def test_unrelated_records_have_no_hit() -> None:
    assert not find_contamination(unrelated(500), Clean(), OWN)


def test_a_benchmark_may_bring_its_own_check() -> None:
    def check(text: str) -> tuple[str, str] | None:
        return ("behaviour", "world/7") if "secret" in text else None

    records = [record("a", "?", "the secret"), record("b", "a secret"), record("c")]
    hits = find_contamination(records, Clean(), {}, {"world": check})
    assert [(h.record_id, h.benchmark, h.task_id, h.rule, h.part) for h in hits] == [
        ("a", "world", "world/7", "behaviour", "response"),
        ("b", "world", "world/7", "behaviour", "question"),
    ]
    assert all(hit.drops for hit in hits)


def test_hits_come_record_by_record_the_strongest_first() -> None:
    records = [leak(problem, kind, Random(2)) for problem in PROBLEMS for kind in LEAKS]
    hits = find_contamination(records, Clean(), OWN)
    assert list(dict.fromkeys(hit.record_id for hit in hits)) == [r.id for r in records]
    of_first = [hit.rule for hit in hits if hit.record_id == records[0].id]
    assert of_first == ["verbatim", "containment", "function"]


def test_the_same_problem_in_two_benchmarks_gives_hits_of_both() -> None:
    found = leak(PROBLEMS[0], "verbatim", Random(0))
    hits = find_contamination([found], Clean(), {"own": PROBLEMS, "own-plus": PROBLEMS})
    assert {hit.benchmark for hit in hits if hit.rule == "function"} == {"own", "own-plus"}


def test_progress_is_told_of_every_batch() -> None:
    seen: list[tuple[int, int | None]] = []
    find_contamination(
        unrelated(3000),
        Clean(),
        OWN,
        progress=lambda done, total, note="": seen.append((done, total)),
    )
    assert seen[-1] == (3000, 3000)
    assert len(seen) > 1
