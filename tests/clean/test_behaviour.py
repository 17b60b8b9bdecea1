"""What follows from running the functions of flagged records; the running itself is faked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pytest

from wizardcoder.clean.behaviour import observe
from wizardcoder.clean.hits import Hit
from wizardcoder.records import Outcome, Record
from wizardcoder.storage import to_json

from .planted import PROBLEMS, program, record, renamed

LEAK, OTHER = PROBLEMS[0], PROBLEMS[1]
OWN = {"own": PROBLEMS}


def hit(record_id: str, task_id: str = LEAK.task_id, rule: str = "function") -> Hit:
    return Hit(
        record_id=record_id,
        benchmark="own",
        task_id=task_id,
        rule=rule,
        part="solution",
        score=20.0,
        span="",
        drops=True,
    )


def table(*records: Record) -> pa.Table:
    return pa.Table.from_pylist([to_json(each) for each in records])


class Judge:
    """Says of every program what it is told, and remembers what it was asked."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[tuple[str, str]] = []

    def __call__(self, benchmark: str, programs: Sequence[tuple[str, str]]) -> list[Outcome]:
        assert benchmark == "own"
        self.asked += programs
        return self.outcomes[: len(programs)]


PASSED, WRONG, INFRA = Outcome.PASSED, Outcome.WRONG_ANSWER, Outcome.INFRA_ERROR
TWO = "def f(a, b):\n    return 1\n\ndef g(a, b):\n    return 2\n"


@pytest.mark.parametrize(
    ("outcomes", "behaviour"),
    [
        ((WRONG, PASSED), "passes"),
        ((INFRA, PASSED), "passes"),
        ((WRONG, Outcome.TIMEOUT), "fails"),
        ((WRONG, INFRA), "not_run"),
        ((WRONG, Outcome.NOT_RUN), "not_run"),
    ],
)
def test_one_pass_is_enough_and_a_failure_needs_them_all(
    outcomes: tuple[Outcome, ...], behaviour: str
) -> None:
    (found,) = observe([hit("r")], table(record("r", response=TWO)), OWN, Judge(*outcomes))
    assert found.behaviour == behaviour
    assert replace(found, behaviour="") == hit("r")


def test_too_many_functions_to_try_do_not_fail() -> None:
    many = "\n".join(f"def f{n}(a, b):\n    return {n}" for n in range(40))
    (found,) = observe([hit("r")], table(record("r", response=many)), OWN, Judge(*[WRONG] * 40))
    assert found.behaviour == "not_run"


def test_a_record_without_a_function_is_not_run() -> None:
    judge = Judge()
    (found,) = observe([hit("r")], table(record("r", response="It depends.")), OWN, judge)
    assert (found.behaviour, judge.asked) == ("not_run", [])


def test_a_problem_that_nobody_knows_is_not_run() -> None:
    judge = Judge()
    (found,) = observe([hit("r", "own/gone")], table(record("r", response=TWO)), OWN, judge)
    assert (found.behaviour, judge.asked) == ("not_run", [])


def test_the_same_program_is_run_once_whatever_asks_for_it() -> None:
    leak = renamed(program(LEAK))
    records = table(*(record(id, response=leak) for id in "abc"))
    hits = [hit("a"), hit("b"), hit("b", rule="containment"), hit("c", OTHER.task_id)]
    judge = Judge(PASSED, WRONG)
    found = observe(hits, records, OWN, judge)
    assert [each.behaviour for each in found] == ["passes"] * 3 + ["not_run"]  # one argument more
    assert [task_id for task_id, _ in judge.asked] == [LEAK.task_id]


def test_a_function_behind_odd_spaces_is_run() -> None:
    leak = f"```python\n{renamed(program(LEAK))}\n```".replace(" ", "\u00a0")
    (found,) = observe([hit("a")], table(record("a", response=leak)), OWN, Judge(PASSED))
    assert found.behaviour == "passes"


def test_code_in_the_question_or_a_later_turn_counts() -> None:
    leak = renamed(program(LEAK))
    asked = record("a", question=f"Improve this:\n```python\n{leak}\n```", response="No.")
    later = replace(record("b", response="No."), turns=("Go on.", f"```python\n{leak}\n```"))
    found = observe([hit("b"), hit("a")], table(asked, later), OWN, Judge(PASSED))
    assert [(each.record_id, each.behaviour) for each in found] == [
        ("b", "passes"),
        ("a", "passes"),
    ]
