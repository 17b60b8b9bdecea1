"""MBPP's loader, and what its tests ask of a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizardcoder import benchmarks
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import InputError
from wizardcoder.evaluate import canonical, evaluate
from wizardcoder.prompts import alpaca
from wizardcoder.records import Completion, Outcome, Verdict

ROW = {
    "task_id": 11,
    "text": "Write a function that doubles.",
    "code": "def double(x):\r\n\treturn 2 * x",
    "test_setup_code": "",
    "test_list": ["assert double(1) == 2", "assert double(2) == 4"],
}
NODE = {
    "task_id": 12,
    "text": "Write a function that reads a node.",
    "code": "class Node:\n    def __init__(self, x): self.x = x\ndef read(node): return node.x",
    "test_setup_code": "root = Node(7)",
    "test_list": ["assert read(root) == 7"],
}
TYPES = {
    "task_id": 13,
    "text": "Write a function that keeps what is of a type.",
    "code": "def keep(items, kind): return [x for x in items if type(x) is kind]",
    "test_setup_code": "",
    "test_list": ["assert keep([1, 'a', 2], int) == [1, 2]"],
}
#: Task 56 of the real file has a function of the same name as the test.
CHECK = {
    **ROW,
    "task_id": 56,
    "code": "def check(n): return n",
    "test_list": ["assert check(1) == 1"],
}


def load(tmp_path: Path, *rows: dict[str, Any], name: str = "mbpp") -> Benchmark:
    path = tmp_path / "mbpp.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return benchmarks.load(name, path)


def judge(benchmark: Benchmark, code: str) -> Verdict:
    task_id = benchmark.problems[0].task_id
    completion = Completion(task_id=task_id, sample=0, text=code, code=code)
    (verdict,) = evaluate(benchmark, [completion], allow_weak=True)
    return verdict


def test_a_row_becomes_a_problem_with_the_papers_prompt(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, ROW).problems
    assert (problem.task_id, problem.entry_point) == ("Mbpp/11", "double")
    assert problem.instruction == (
        "Create a Python script for this problem:\n\nWrite a function that doubles.\n"
        "Test examples:\nassert double(1) == 2\nassert double(2) == 4"
    )
    assert problem.prompt.startswith('"""\nWrite a function that doubles.\nassert double(1) == 2')


def test_the_splits_are_those_of_the_authors(tmp_path: Path) -> None:
    rows = [{**ROW, "task_id": number} for number in (10, 11, 510, 511, 974)]
    assert [p.task_id for p in load(tmp_path, *rows).problems] == ["Mbpp/11", "Mbpp/510"]
    development = load(tmp_path, *rows, name="mbpp-dev")
    assert [p.task_id for p in development.problems] == ["Mbpp/511", "Mbpp/974"]


def test_the_sanitized_file_is_read_when_it_is_given(tmp_path: Path) -> None:
    row = {"task_id": 11, "prompt": "Round.", "code": ROW["code"], "test_list": ROW["test_list"]}
    path = tmp_path / "sanitized-mbpp.json"
    path.write_text(json.dumps([{**row, "test_imports": ["import math"]}]))
    benchmark = benchmarks.load("mbpp", path)
    assert benchmark.name == "mbpp-sanitized"
    assert "import math" in benchmark.problems[0].test
    assert judge(benchmark, "def double(x): return x + x").passed


def test_a_right_program_passes_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    benchmark = load(tmp_path, ROW)
    assert judge(benchmark, "def double(x): return x + x").passed
    assert judge(benchmark, "def double(x): return 2").outcome is Outcome.WRONG_ANSWER


def test_a_function_may_be_called_check(tmp_path: Path) -> None:
    assert judge(load(tmp_path, CHECK), "def check(n): return n").passed


def test_setup_that_needs_the_programs_class_runs_beside_it_unattested(tmp_path: Path) -> None:
    benchmark = load(tmp_path, NODE)
    verdict = judge(benchmark, str(NODE["code"]))
    assert (verdict.passed, verdict.attested) == (True, False)


def test_a_class_that_only_the_reference_defines_is_missing(tmp_path: Path) -> None:
    verdict = judge(load(tmp_path, NODE), "def read(node): return 7")
    assert verdict.outcome is Outcome.EXCEPTION
    assert "Node" in verdict.reason


def test_arguments_that_are_no_data_run_beside_the_program(tmp_path: Path) -> None:
    verdict = judge(load(tmp_path, TYPES), str(TYPES["code"]))
    assert (verdict.passed, verdict.attested) == (True, False)


def test_an_answer_ends_before_its_test_examples(tmp_path: Path) -> None:
    found = load(tmp_path, ROW).extract("def f(): pass\n# Test examples\nassert f()")
    assert found.code == "def f(): pass"
    assert [cut.rule for cut in found.cuts] == ["test examples"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task_id": "11"}, r":1: field 'task_id' is not a whole number"),
        ({"test_list": "assert"}, r":1: field 'test_list' is not a list of texts"),
        ({"test_list": ["assert other(1)"]}, "does not call exactly one function of the code"),
        ({"code": "def"}, "is not Python"),
        ({"task_id": 1}, "holds no task of mbpp"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, {**ROW, **change})


@pytest.fixture(scope="module")
def mbpp(shared: Path) -> Benchmark:
    return benchmarks.load("mbpp", shared / "data")


@pytest.mark.real_data
@pytest.mark.parametrize("number", [11, 493])
def test_a_prompt_is_the_released_scripts(mbpp: Benchmark, shared: Path, number: int) -> None:
    oracle = (shared / f"oracle/prompts/mbpp_{number}.txt").read_text(encoding="utf-8")
    assert alpaca(mbpp.by_id[f"Mbpp/{number}"].instruction) == oracle


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "count"), [("mbpp", 500), ("mbpp-dev", 464)])
def test_all_canonical_solutions_pass(shared: Path, name: str, count: int) -> None:
    benchmark = benchmarks.load(name, shared / "data")
    verdicts = evaluate(benchmark, canonical(benchmark), allow_weak=True)
    assert [v.task_id for v in verdicts if not v.passed] == []
    assert len(verdicts) == count
