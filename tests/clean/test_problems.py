from __future__ import annotations

from wizardcoder import prompts
from wizardcoder.clean.problems import parts, telling_function
from wizardcoder.records import Problem

from .planted import PROBLEMS


def made(prompt: str, solution: str, instruction: str = "") -> Problem:
    return Problem(
        task_id="t",
        prompt=prompt,
        instruction=instruction,
        entry_point="f",
        test="",
        canonical_solution=solution,
    )


def texts(problem: Problem) -> dict[str, str]:
    return {part.kind: part.text.strip() for part in parts("own", problem)}


def test_the_statement_is_the_docstring_up_to_its_examples() -> None:
    prompt = (
        'def f(x):\n    """Return the next number.\n\n    Example:\n    >>> f(1)\n    2\n    """\n'
    )
    found = texts(made(prompt, "    return x + 1\n"))
    assert found["statement"] == "Return the next number."
    assert found["prompt"] == prompt.strip()
    assert found["problem"] == "Return the next number.\n    return x + 1"


def test_the_docstring_is_that_of_the_function_asked_for() -> None:
    prompt = 'def g(x):\n    """Help."""\n\ndef f(x):\n    """The problem."""\n'
    assert texts(made(prompt, "    return x\n"))["statement"] == "The problem."


def test_without_a_docstring_the_statement_is_the_instruction_less_frame_and_tests() -> None:
    instruction = prompts.mbpp_instruction("Write a function to add.", "assert f(1, 2) == 3")
    found = texts(made("", "def f(a, b):\n    return a + b\n", instruction))
    assert found["statement"] == "Write a function to add."
    assert found["prompt"] == "Write a function to add.\nTest examples:\nassert f(1, 2) == 3"


def test_the_telling_function_is_the_one_asked_for() -> None:
    for problem in PROBLEMS:
        function = telling_function(problem, 15)
        assert function is not None
        assert function.name == problem.entry_point
        assert function.nodes >= 15


def test_a_helper_tells_only_where_the_function_asked_for_is_small() -> None:
    helper = (
        "def g(xs):\n    total = 0\n    for x in xs:\n        total += x * x\n    return total\n"
    )
    wrapper = "def f(xs):\n    return g(xs)\n"
    long = "def f(xs):\n    ys = [x for x in xs if x > 1]\n    return g(ys) - g(xs)\n"
    assert getattr(telling_function(made("", helper + wrapper), 15), "name", "") == "g"
    assert getattr(telling_function(made("", helper + long), 15), "name", "") == "f"


def test_a_solution_that_is_not_python_has_no_telling_function() -> None:
    assert telling_function(made("", "int f(int x) { return x; }"), 15) is None
