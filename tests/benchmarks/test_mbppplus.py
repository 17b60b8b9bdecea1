"""MBPP+'s loader: both releases, and what JSON cannot say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizardcoder import benchmarks
from wizardcoder.benchmarks import Examples
from wizardcoder.errors import InputError

PROMPT = '"""\nWrite a function to add one.\nassert f(1) == 2\n"""\n'


def examples(path: Path, number: int, inputs: Any, entry_point: str = "f") -> Examples:
    row = {
        "task_id": f"Mbpp/{number}",
        "prompt": PROMPT,
        "entry_point": entry_point,
        "canonical_solution": "def f(x): return x + 1",
        "base_input": inputs,
        "atol": 0,
        "plus_input": {},
    }
    file = path / "MbppPlus.jsonl"
    file.write_text(json.dumps(row), encoding="utf-8")
    benchmark = benchmarks.load("mbppplus", file)
    assert benchmark.examples is not None
    return benchmark.examples(benchmark.problems[0])


def test_the_instruction_is_the_docstring_with_its_assertion(tmp_path: Path) -> None:
    examples(tmp_path, 1, [[1]])
    benchmark = benchmarks.load("mbppplus", tmp_path)
    assert benchmark.problems[0].instruction == "Write a function to add one.\nassert f(1) == 2"
    assert benchmark.assembly == "solution"


def typed(value: Any) -> object:
    if isinstance(value, list | tuple):
        return type(value), [typed(item) for item in value]
    return type(value), repr(value)


@pytest.mark.parametrize(
    ("number", "read", "arguments"),
    [
        (1, [1, [2, [3]]], [1, [2, [3]]]),
        (2, [[1, [2]], [3]], [(1, [2]), (3,)]),
        (63, [[[1, 2], [3]]], [[(1, 2), (3,)]]),
        (75, [[[1], [2]], 5], [[(1,), (2,)], 5]),
        (106, [[1], [2]], [[1], (2,)]),
        (115, [[[1, 1], [], {}]], [[{1}, {}, {}]]),
        (124, [2, "1j"], [2.0, 1j]),
        (250, [[1], 1], [(1,), 1]),
        (252, ["(1+2j)"], [1 + 2j]),
        (259, [[[1], [2]], [[3]]], [((1,), (2,)), ((3,),)]),
        (278, [[1, [2, [3]], "x"]], [(1, (2, [3]), "x")]),
        (307, [[1], 2, 3], [(1,), 2, 3]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
        (722, [{"a": [1, 2]}, 3, 4], [{"a": (1, 2)}, 3, 4]),
    ],
)
def test_each_task_gets_the_types_that_it_is_about(
    tmp_path: Path, number: int, read: Any, arguments: Any
) -> None:
    (found,) = examples(tmp_path, number, [read]).base
    assert typed(found) == typed(arguments)


@pytest.mark.parametrize(
    ("entry_point", "oracle"),
    [
        ("f", "equal"),
        ("Diff", "set"),
        ("check_str", "presence"),
        ("sum_div", "or zero"),
        ("surface_Area", "pyramid"),
        ("digit_distance_nums", "digits"),
        ("are_equivalent", "anything"),
    ],
)
def test_the_functions_name_chooses_the_oracle(
    tmp_path: Path, entry_point: str, oracle: str
) -> None:
    assert examples(tmp_path, 1, [[1]], entry_point).oracle == oracle


def test_inputs_of_another_shape_than_the_task_has_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"jsonl:1: field 'base_input' has other inputs than its"):
        examples(tmp_path, 2, [[5]])


@pytest.mark.real_data
@pytest.mark.parametrize(("file", "count"), [("MbppPlus", 378), ("MbppPlus-v0.1.0", 399)])
def test_both_releases_are_read_whole(shared: Path, file: str, count: int) -> None:
    path = shared / f"data/benchmarks/mbppplus/{file}.jsonl.gz"
    benchmark = benchmarks.load("mbppplus", path)
    assert len(benchmark.problems) == count
    assert benchmark.examples is not None
    assert all(benchmark.examples(problem).base for problem in benchmark.problems)
    assert (benchmark.data_sha256 == benchmarks.mbppplus.SOURCE.sha256) == (count == 378)
