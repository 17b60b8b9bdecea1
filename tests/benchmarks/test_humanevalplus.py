"""HumanEval+'s loader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizardcoder import benchmarks
from wizardcoder.errors import InputError

ROW = {
    "task_id": "HumanEval/0",
    "prompt": "def one(x):\n",
    "entry_point": "one",
    "canonical_solution": "    return 1\n",
    "base_input": [[1], [2]],
    "atol": 0,
    "plus_input": [[3]],
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_a_problem_is_asked_and_assembled_as_humanevals(tmp_path: Path) -> None:
    benchmark = benchmarks.load("humanevalplus", write(tmp_path / "plus.jsonl", ROW))
    (problem,) = benchmark.problems
    assert problem.instruction == "Create a Python script for this problem:\ndef one(x):\n"
    assert benchmark.assemble(problem, "    return 2") == "def one(x):\n    return 2"
    assert benchmark.assemble(problem, "x", "solution") == "x"


@pytest.mark.parametrize("order", [list(ROW), sorted(ROW), sorted(ROW, reverse=True)])
def test_inputs_are_read_whatever_the_order_of_the_fields(tmp_path: Path, order: list[str]) -> None:
    row = {name: ROW[name] for name in order}
    benchmark = benchmarks.load("humanevalplus", write(tmp_path / "plus.jsonl", row))
    assert benchmark.examples is not None
    assert benchmark.examples(benchmark.problems[0]) == ([[1], [2]], [[3]], 0.0, "equal")


def test_text_that_looks_like_a_field_is_text(tmp_path: Path) -> None:
    row = {**ROW, "prompt": 'def one(x):  # , "base_input": [[7]]\n'}
    benchmark = benchmarks.load("humanevalplus", write(tmp_path / "plus.jsonl", row))
    assert benchmark.problems[0].prompt == row["prompt"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base_input": [1]}, r"plus.jsonl:1: field 'base_input' is not a list of lists of argum"),
        ({"plus_input": None}, r"plus.jsonl:1: field 'plus_input' is not a list of lists"),
        ({"atol": "0"}, r"plus.jsonl:1: field 'atol' is not a number \(got '0'\)"),
    ],
)
def test_malformed_inputs_are_named_when_they_are_read(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    benchmark = benchmarks.load("humanevalplus", write(tmp_path / "plus.jsonl", {**ROW, **change}))
    assert benchmark.examples is not None
    with pytest.raises(InputError, match=message):
        benchmark.examples(benchmark.problems[0])


def test_a_file_without_problems_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no problem"):
        benchmarks.load("humanevalplus", write(tmp_path / "plus.jsonl"))


@pytest.mark.real_data
def test_the_real_file_has_humanevals_problems_and_124253_inputs(shared: Path) -> None:
    plain = benchmarks.load("humaneval", shared / "data")
    plus = benchmarks.load("humanevalplus", shared / "data")
    assert [p.task_id for p in plus.problems] == [p.task_id for p in plain.problems]
    assert plus.examples is not None
    found = [plus.examples(problem) for problem in plus.problems]
    assert sum(len(f.base) + len(f.plus) for f in found) == 124_253
    assert [f.oracle for f in found].count("root") == 1
    assert plus.data_sha256 == benchmarks.humanevalplus.SOURCE.sha256
