"""Which functions of a text are tried for a problem, and with what around them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from wizardcoder.clean.suspects import MOST_TRIED, suspects
from wizardcoder.records import Problem

from .planted import problem

DOUBLED = problem("doubled", "Return twice x.", "def doubled(x):\n    return 2 * x\n")


def defined(text: str, asked: Problem = DOUBLED) -> list[Callable[..., Any]]:
    """The functions that the programs bind to the name asked for; the tests' own code, trusted."""
    found = []
    for program in suspects([text], asked).programs:
        scope: dict[str, Any] = {}
        exec(program, scope)
        found.append(scope[asked.entry_point])
    return found


def test_a_function_of_another_name_is_called_by_the_name_asked_for() -> None:
    (function,) = defined("Sure:\n```python\ndef twice(n):\n    return n + n\n```")
    assert function(4) == 8


@pytest.mark.parametrize(
    "signature", ["(a, b)", "()", "(a, *, b)", "(a, b, c=1)"], ids=["two", "none", "named", "most"]
)
def test_a_function_that_takes_other_arguments_is_not_tried(signature: str) -> None:
    assert not defined(f"def f{signature}:\n    return 1")


@pytest.mark.parametrize("signature", ["(a)", "(a, /)", "(a, b=1)", "(*a)", "(a, *, b=1)"])
def test_a_function_that_can_be_called_alike_is_tried(signature: str) -> None:
    assert len(defined(f"def f{signature}:\n    return 1")) == 1


def test_a_method_is_called_on_an_object_of_its_class() -> None:
    text = (
        "class Solution:\n    def __init__(self):\n        self.by = 2\n"
        "    def times(self, n):\n        return self.by * n\n"
        "    @staticmethod\n    def same(n):\n        return n\n"
    )
    assert [function(3) for function in defined(text)] == [6, 3]


def test_imports_constants_and_other_functions_stay() -> None:
    text = (
        "from __future__ import annotations\nimport math\nBASE = 2\n"
        "def step(n, by):\n    return math.prod([n, by])\n"
        "def f(n: Unheard[int]) -> Of:\n    return step(n, BASE)\n"
    )
    (function,) = defined(text)
    assert function(5) == 10


def test_what_stands_around_a_function_cannot_stop_it() -> None:
    text = (
        "import no_such_package\nn = int(input_that_nobody_has())\n"
        "@no_such_package.route\ndef other(n):\n    return n\n"
        "def f(n):\n    return 2 * n\n"
        "print(f(undefined))\nassert False\nraise SystemExit\n"
    )
    assert defined_last(text)(6) == 12


def defined_last(text: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    exec(suspects([text], DOUBLED).programs[-1], scope)
    function: Callable[..., Any] = scope["doubled"]
    return function


def test_helpers_of_the_prompt_are_there_and_its_own_solution_is_not() -> None:
    asked = Problem(
        task_id="own/far",
        prompt="import math\n\ndef near(x):\n    return math.floor(x)\n\n\ndef far(x):\n"
        '    """Twice the near of x."""\n',
        instruction="",
        entry_point="far",
        test="",
        canonical_solution="    return 2 * near(x)\n",
    )
    (program,) = suspects(["def g(y):\n    return near(y) + near(y)"], asked).programs
    assert "def near" in program
    assert "def far" not in program
    assert "2 * near" not in program


def test_functions_with_the_name_asked_for_come_first_and_the_rest_is_counted() -> None:
    others = "\n".join(f"def f{n}(x):\n    return {n}" for n in range(MOST_TRIED + 3))
    found = suspects([f"{others}\ndef doubled(x):\n    return x + x"], DOUBLED)
    assert "doubled = doubled" in found.programs[0]
    assert (len(found.programs), found.left_out) == (MOST_TRIED, 4)


def test_every_fenced_block_is_looked_at_also_an_indented_one() -> None:
    text = (
        "1. so\n   ```python\n   def f(x):\n       return 1\n   ```\n"
        "2. or\n```\ndef g(x):\n    return 2\n```\n```js\nfunction h(x) { return 3 }\n```"
    )
    assert [function(0) for function in defined(text)] == [1, 2]


@pytest.mark.parametrize(
    "text",
    ["def f(:", "def " * 3, "def f(x): return " + "(" * 5000, "def f(x): return '\0'"],
    ids=["torn", "words", "deep", "null"],
)
def test_what_is_no_python_has_no_suspect(text: str) -> None:
    assert not suspects([text], DOUBLED).programs


def test_programs_can_be_written_down_again() -> None:
    (program,) = suspects(["def f(x):\n    return f'{x!r:>{10}}' + r'\\n'"], DOUBLED).programs
    assert ast.parse(program)
