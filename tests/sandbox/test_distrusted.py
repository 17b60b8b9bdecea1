"""What may run in the judge of tests that nobody vouches for, and what may not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Check, Limits, Sandbox, Script, task_of
from wizardcoder.sandbox.syntax import UnclearError

ADD = "def add(a, b):\n    return a + b\n"
NOT_PLAIN = {
    "an import": "import os\nassert add(1, 2) == 3",
    "another call": "assert add(1, len('ab')) == 3",
    "a call on the right": "assert add(1, 2) == int('3')",
    "a method": "assert add('a', 'b').upper() == 'AB'",
    "arithmetic": "assert add(10 ** 10 ** 10, 2) == 3",
    "repetition": "assert add('a' * 10 ** 12, 'b') == 'ab'",
    "a comprehension": "assert add([x for x in range(10 ** 12)], []) == []",
    "a lambda": "assert add(1, 2) == (lambda: 3)()",
    "a walrus": "assert (x := add(1, 2)) == 3",
    "a message that acts": "assert add(1, 2) == 3, print('x')",
    "a star": "assert add(*[1, 2]) == 3",
    "two stars": "assert add(**{'a': 1, 'b': 2}) == 3",
    "an f-string": "assert add('a', f'{1}') == 'a1'",
    "a chain": "assert 3 == add(1, 2) == 3",
    "a function": "def test():\n    assert add(1, 2) == 3\ntest()",
    "a bare call": "add(1, 2)",
    "two functions": "assert push(1) == 1\nassert pop() == 1",
    "a decorator": "@add\ndef f(): pass",
}


@pytest.mark.parametrize(
    "tests",
    [
        "assert add(1, 2) == 3",
        "assert 3 == add(1, 2)",
        "assert add([1, {2: 'x'}], b=(None, -1.5)) != {4}",
        "assert add(1, 2)\nassert not add(0, 0)",
        "assert add(1, 2) is True\nassert add(1, 2) in [3, 4]",
    ],
)
def test_asserts_that_compare_a_call_with_literals_are_judged_apart(tests: str) -> None:
    task = task_of(ADD, tests)
    assert isinstance(task, Check)
    assert task.entry_point == "add"


@pytest.mark.parametrize("tests", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_anything_else_runs_beside_the_program(tests: str) -> None:
    assert isinstance(task_of(ADD, tests), Script)


@given(st.text())
def test_whatever_is_written_is_a_task_or_no_python(tests: str) -> None:
    try:
        task = task_of(ADD, tests)
    except (SyntaxError, UnclearError):
        return
    assert isinstance(task, Check | Script)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(Limits(cpu_seconds=1.0, wall_seconds=20.0), allow_weak=True) as box:
        yield box


def outcome(box: Sandbox, program: str, tests: str) -> tuple[Outcome, bool]:
    judgement = next(box.judge_all([task_of(program, tests)])).judgement
    return judgement.outcome, judgement.attested


APART = "assert add(1, 2) == 3\nassert add(2, 2) == 4"
BESIDE = "def test():\n    assert add(1, 2) == 3\n    assert add(2, 2) == 4\n\ntest()"
IMPORTING = "from solution import add\nassert add(1, 2) == 3"


@pytest.mark.parametrize(
    ("tests", "attested"), [(APART, True), (BESIDE, False), (IMPORTING, False)]
)
def test_a_right_program_passes_and_a_wrong_one_does_not(
    box: Sandbox, tests: str, attested: bool
) -> None:
    assert outcome(box, ADD, tests) == (Outcome.PASSED, attested)
    wrong = outcome(box, ADD.replace("+", "-"), tests)
    assert wrong == (Outcome.WRONG_ANSWER, attested)


def test_a_program_may_call_its_function_as_the_judge_calls_the_test(box: Sandbox) -> None:
    program = "def check(n):\n    return n > 2\n"
    assert outcome(box, program, "assert check(3)\nassert not check(2)")[0] is Outcome.PASSED


LIARS = {
    "equal to all": "class Yes:\n    def __eq__(s, o): return True\ndef add(a, b): return Yes()\n",
    "leaves": "import os\ndef add(a, b): os._exit(0)\n",
    "exits": "import sys\ndef add(a, b): sys.exit(0)\n",
    "leaves at once": "import os\nos._exit(0)\n",
    "no exec": "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None\n",
    "no asserts": "import builtins\nbuiltins.AssertionError = Warning\ndef add(a, b): return 0\n",
    "open text": ADD.replace("+", "-") + "'''",
    "nothing": "",
    "other name": "def plus(a, b): return a + b",
}


@pytest.mark.parametrize("program", LIARS.values(), ids=LIARS)
def test_a_program_that_lies_passes_no_tests_that_run_apart(box: Sandbox, program: str) -> None:
    assert outcome(box, program, APART)[0] is not Outcome.PASSED


@pytest.mark.parametrize("program", [p for n, p in LIARS.items() if n != "equal to all"])
def test_the_plain_lies_do_not_help_beside_the_tests_either(box: Sandbox, program: str) -> None:
    assert outcome(box, program, BESIDE)[0] is not Outcome.PASSED


def test_hostile_tests_are_contained_and_do_not_pass(box: Sandbox) -> None:
    hostile = "import os\nos.kill(os.getppid(), 9)\nassert add(1, 2) == 3\nos._exit(0)"
    assert outcome(box, ADD, hostile)[0] not in (Outcome.PASSED, Outcome.INFRA_ERROR)
    assert outcome(box, ADD, APART) == (Outcome.PASSED, True)


def test_test_functions_that_nobody_calls_are_called(box: Sandbox) -> None:
    uncalled = BESIDE.removesuffix("test()")
    assert outcome(box, ADD, uncalled) == (Outcome.PASSED, False)
    assert outcome(box, ADD.replace("+", "-"), uncalled)[0] is Outcome.WRONG_ANSWER
    with_parameter = "def test(add):\n    assert add(1, 2) == 4"
    assert outcome(box, ADD, with_parameter)[0] is Outcome.PASSED  # and verifies nothing


def test_tests_that_draw_draw_the_same_every_time(box: Sandbox) -> None:
    lucky = "import random\nassert add(random.random(), 0) < 0.5"
    assert len({outcome(box, ADD, lucky)[0] for _ in range(4)}) == 1


def test_tests_that_never_end_are_ended(box: Sandbox) -> None:
    assert outcome(box, ADD, "while True: add(1, 2)")[0] is Outcome.TIMEOUT
