"""MBPP: 974 entry-level tasks (arXiv 2108.07732); the paper scores the 500 of the test split.

The sanitized file of the same authors is read as it is: then the result says `mbpp-sanitized`.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import indent

from wizardcoder import extraction, prompts
from wizardcoder.benchmarks import rows, sources
from wizardcoder.benchmarks.benchmark import Benchmark
from wizardcoder.errors import InputError
from wizardcoder.records import Problem
from wizardcoder.storage import sha256

SOURCE = sources.Source(
    benchmark="mbpp",
    file="mbpp.jsonl",
    url="https://raw.githubusercontent.com/google-research/google-research/"
    "2251e8c67a7fe7d6348714967ee101080b28e956/mbpp/mbpp.jsonl",
    sha256="ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
)
#: Task ids of the splits, as the authors drew them.
_TEST, _DEVELOPMENT = range(11, 511), range(511, 975)
#: The tests of task 493 are too long for a prompt: the released script shows the signature.
_SHOWN_INSTEAD = {493: "calculate_polygons(startx, starty, endx, endy, radius)"}
STOPS = ("\nclass", "\nassert", '\n"""', "\nprint", "\nif")
_CPU_SECONDS = 15.0  # the reference of task 123 takes 2 to 4
_ENDS = {"test examples": "# Test examples"}


def load(data: Path | None = None) -> Benchmark:
    """The test split (500 tasks, 257 of the sanitized file).

    Raises MissingDataError when the file is nowhere, InputError for a malformed row.
    """
    return _load("mbpp", _TEST, data)


def load_development(data: Path | None = None) -> Benchmark:
    """The training and validation splits (464 tasks): what evolving may be stopped by."""
    return _load("mbpp-dev", _DEVELOPMENT, data)


def _load(name: str, ids: range, data: Path | None) -> Benchmark:
    path = sources.locate(SOURCE, data)
    found = list(_sanitized(path) if path.suffix == ".json" else rows.read(path))
    problems = tuple(_problem(row) for row in found if row.integer("task_id") in ids)
    if not problems:
        raise InputError(path, problem=f"holds no task of {name} ({ids.start} to {ids.stop - 1})")
    return Benchmark(
        name=f"{name}-sanitized" if path.suffix == ".json" else name,
        problems=problems,
        data_sha256=sha256(path),
        assembly="solution",
        stops=STOPS,
        cpu_seconds=_CPU_SECONDS,
        extractor=partial(extraction.from_answer, more_ends=_ENDS),
    )


def _sanitized(path: Path) -> Iterator[rows.Row]:
    """The rows of the sanitized file, one JSON list, under the names of the other one."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(path, problem=f"is not JSON: {error}") from None
    if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
        raise InputError(path, problem="is not a JSON list of objects")
    for number, row in enumerate(table, 1):
        setup = "\n".join(row.get("test_imports", ()))
        yield rows.Row(path, number, {"text": row.get("prompt"), "test_setup_code": setup, **row})


def _problem(row: rows.Row) -> Problem:
    number, text, code = row.integer("task_id"), row.text("text"), row.text("code")
    tests = row.texts("test_list")
    entry_point = _entry_point(row, tests, code)
    listed = "\n".join(tests)
    return Problem(
        task_id=f"Mbpp/{number}",
        prompt=f'"""\n{text}\n{listed}\n"""\n',
        instruction=prompts.mbpp_instruction(text, _SHOWN_INSTEAD.get(number, listed)),
        entry_point=entry_point,
        test=_test(entry_point, [row.text("test_setup_code"), *tests]),
        canonical_solution=code,
    )


def _test(entry_point: str, statements: list[str]) -> str:
    """A `check` that runs the setup and the asserts, the candidate standing for the function."""
    lines = [f"global {entry_point}", f"{entry_point} = candidate", *statements]
    return "def check(candidate):\n" + indent("\n".join(lines), "    ") + "\n"


def _entry_point(row: rows.Row, tests: list[str], code: str) -> str:
    """The function that the tests call, of those that the code defines."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some escape sequences are no good style
            trees = ast.parse(code), ast.parse("\n".join(tests))
    except SyntaxError as error:
        raise row.error("test_list", f"or the code is not Python: {error}") from None
    defined = {node.name for node in trees[0].body if isinstance(node, ast.FunctionDef)}
    called = {
        node.func.id
        for node in ast.walk(trees[1])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if len(defined & called) != 1:
        raise row.error("test_list", "does not call exactly one function of the code", tests)
    return (defined & called).pop()
