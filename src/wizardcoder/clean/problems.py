"""What a benchmark problem would look like in training data: its texts, and its function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from wizardcoder.clean.characters import as_compared
from wizardcoder.clean.functions import Function, functions_in, parse
from wizardcoder.records import Problem

#: Where the examples of a problem's text begin.
_EXAMPLES = re.compile(r"^[ \t]*(>>>|assert\b|((for|test)[ \t]+)?examples?\b)", re.I | re.M)
#: What benchmarks say before the problem: a line that ends in a colon, and nothing else.
_OPENING = re.compile(r"\A[^\n]*:[ \t]*\n")


class Part(NamedTuple):
    """A text of a problem.

    `kind`: `statement` (the prose alone), `prompt` (all that is asked, examples too), `solution`,
    `problem` (statement and solution).
    """

    benchmark: str
    task_id: str
    kind: str
    text: str


def parts(benchmark: str, problem: Problem) -> Iterator[Part]:
    """The texts of a problem that a training record might hold, as they are compared."""
    problem = _compared(problem)
    statement, solution = _statement(problem), problem.canonical_solution
    texts = {
        "statement": statement,
        "prompt": problem.prompt or _without_opening(problem.instruction),
        "solution": solution,
        "problem": f"{statement}\n{solution}",
    }
    for kind, text in texts.items():
        yield Part(benchmark, problem.task_id, kind, text)


def telling_function(problem: Problem, min_nodes: int) -> Function | None:
    """The function that gives the problem away: the one asked for or, when that is small, the
    largest of the solution. Helpers that other code may share do not count.
    """
    problem = _compared(problem)
    program = problem.prompt + problem.canonical_solution
    functions = list(functions_in(program)) or list(functions_in(problem.canonical_solution))
    asked_for = [f for f in functions if f.name == problem.entry_point and f.nodes >= min_nodes]
    return max(asked_for or functions, key=lambda function: function.nodes, default=None)


def _compared(problem: Problem) -> Problem:
    return replace(
        problem,
        prompt=as_compared(problem.prompt),
        instruction=as_compared(problem.instruction),
        canonical_solution=as_compared(problem.canonical_solution),
    )


def _statement(problem: Problem) -> str:
    text = _docstring(problem) or _without_opening(problem.instruction)
    examples = _EXAMPLES.search(text)
    return (text[: examples.start()] if examples else text).strip()


def _docstring(problem: Problem) -> str:
    """The docstring of the function asked for, "" when the prompt has none."""
    for node in ast.walk(parse(problem.prompt)):
        if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point:
            return ast.get_docstring(node) or ""
    return ""


def _without_opening(instruction: str) -> str:
    return _OPENING.sub("", instruction)
