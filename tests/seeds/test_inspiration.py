"""A task that code inspires stands on its own, and every one that does not has its rule."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.seeds.teaching import teacher
from wizardcoder import prompts
from wizardcoder.seeds.asking import Teachers
from wizardcoder.seeds.collecting import Collection, Definition
from wizardcoder.seeds.inspiration import Inspiration, task_fault
from wizardcoder.seeds.making import Attempt, make
from wizardcoder.teacher import Ledger

CODE = """def f(values):
    total = 0
    for each in values:
        total += each
    return total"""
GOOD = "Write a Python function that adds up the even numbers of a list."


def definition(number: int) -> Definition:
    return Definition(f"code/{number:06d}", f"a.py:{number}", "Python", "MIT", f"{CODE} + {number}")


def attempts(
    folder: Path, tasks: dict[str, str], *, wanted: int | None = None, definitions: int = 6
) -> list[Attempt]:
    """What comes of a code base whose n-th definition inspires the n-th task."""
    found = Collection([definition(n) for n in range(1, definitions + 1)], [], Counter())

    def say(prompt: str) -> str:
        return next((task for key, task in tasks.items() if f"+ {key}\n" in prompt), "def g(): 1")

    async def work() -> list[Attempt]:
        with Ledger(folder / "ledger.sqlite") as ledger:
            asked = teacher(ledger, say)
            async with asked:
                teachers = Teachers([asked])
                return await make(Inspiration(found, teachers), teachers, wanted)

    return asyncio.run(work())


def numbered(count: int) -> dict[str, str]:
    return {str(n): f"{GOOD[:-1]} larger than {n}." for n in range(1, count + 1)}


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        (GOOD, ""),
        ("", "empty_instruction"),
        ("Sum a list", "too_short"),
        ("I'm sorry, I cannot come up with a task for this.", "refusal"),
        ("Explain what the code snippet does with its values.", "needs_the_code"),
        ("Refactor the given function code so that it is faster.", "needs_the_code"),
        (f"Explain the given code:\n```\nx = [1]\n```\n{GOOD}", ""),
        (f"Improve this:\n{CODE}", "copied_code"),
        ("Improve:\n total = 0\nfor each in values:\n\n  total += each\nand so on", "copied_code"),
        (
            prompts.INSPIRED[prompts.INSPIRED.index("Do not quote") :],
            "copied_prompt",
        ),
    ],
)
def test_a_task_is_refused_by_one_rule(task: str, rule: str) -> None:
    fault = task_fault(task, CODE)
    assert (fault.rule if fault else "") == rule


def test_a_code_fence_in_the_code_does_not_end_it_in_the_prompt() -> None:
    code = 'DOC = """\n```python\nx = 1\n```\n"""'
    assert f"````\n{code}\n````" in prompts.inspired(code, "Python")


def test_a_record_carries_its_place_and_licence(tmp_path: Path) -> None:
    (attempt,) = attempts(tmp_path, numbered(1), definitions=1)
    record = attempt.record()
    assert (record.id, record.source, record.licence) == ("code/000001", "a.py:1", "MIT")
    assert (record.teacher, record.teacher_terms) == ("m", "free")
    assert (record.instruction, record.response) == (numbered(1)["1"], "def g(): 1")


def test_all_definitions_are_asked_about_unless_a_number_is_wanted(tmp_path: Path) -> None:
    assert len(attempts(tmp_path, numbered(6))) == 6
    few = attempts(tmp_path, numbered(6), wanted=2)
    assert [attempt.accepted for attempt in few] == [True, True]


def test_what_fails_is_replaced_as_long_as_there_is_more(tmp_path: Path) -> None:
    tasks = numbered(6) | {"1": "Sum", "4": "Sum"}
    made = attempts(tmp_path, tasks, wanted=4)
    assert sum(attempt.accepted for attempt in made) == 4
    assert sum(a.accepted for a in attempts(tmp_path, tasks, wanted=9)) == 4


def test_the_same_task_twice_is_one_seed(tmp_path: Path) -> None:
    made = attempts(tmp_path, numbered(6) | {"2": GOOD, "5": GOOD.upper()})
    assert Counter(attempt.rule for attempt in made) == {"": 5, "duplicate_instruction": 1}


def test_files_that_were_not_looked_at_are_counted() -> None:
    source = Inspiration(Collection([], [], Counter(link=2)), Teachers([]))
    assert source.counts == {"definitions": 0, "asked": 0, "files_link": 2}
