"""Functions of flagged records, run in the sandbox on the tests of the problem they resemble."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from tests.clean.planted import PROBLEMS, program, record, renamed, unrelated
from wizardcoder import benchmarks
from wizardcoder.benchmarks import Benchmark, digest
from wizardcoder.clean.behaviour import observe
from wizardcoder.clean.hits import Hit
from wizardcoder.errors import UsageError
from wizardcoder.pipeline.behaving import judging
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Outcome, Problem, Record
from wizardcoder.storage import to_json

ASKED = {
    "own/water_left": ("50, [3, 4]", "48"),
    "own/longest_climb": ("[1, 2, 2, 3, 5]", "3"),
    "own/seating": ("3, 2", "[0, 2]"),
    "own/morse_gaps": ("'-. --. ...'", "[False, True, False]"),
    "own/ledger_errors": ("[1, 2, 3, 6, 1, 1, 1, 4]", "[7]"),
}


def with_test(problem: Problem) -> Problem:
    arguments, expected = ASKED[problem.task_id]
    return replace(
        problem,
        test=f"def check(candidate):\n    assert candidate({arguments}) == {expected}\n",
    )


OWN = Benchmark(
    name="own",
    problems=tuple(map(with_test, PROBLEMS)),
    data_sha256=digest(PROBLEMS),
    cpu_seconds=1.0,
)


def observed(records: dict[str, Record], benchmark: Benchmark = OWN) -> dict[str, str]:
    """The behaviour of records, each by the task id of the problem that it is said to resemble."""
    hits = [
        Hit(
            record_id=each.id,
            benchmark=benchmark.name,
            task_id=task_id,
            rule="function",
            part="solution",
            score=20.0,
            span="",
            drops=True,
        )
        for task_id, each in records.items()
    ]
    table = pa.Table.from_pylist([to_json(each) for each in records.values()])
    judge = judging({benchmark.name: benchmark}, Evaluate(), jobs=1)
    found = observe(hits, table, {benchmark.name: benchmark.problems}, judge)
    return {hit.task_id: hit.behaviour for hit in found}


def test_renamed_leaks_pass() -> None:
    leaks = {
        each.task_id: record(
            each.task_id, response=f"So:\n```python\n{renamed(program(each))}\n```"
        )
        for each in OWN.problems
    }
    assert observed(leaks) == dict.fromkeys(ASKED, "passes")


def test_functions_of_other_tasks_fail() -> None:
    others = {
        each.task_id: record(each.task_id, response=response)
        for each, response in zip(
            OWN.problems,
            (
                "def f(a, b):\n    return a",
                unrelated(9)[1].response,
                "def f(a, b):\n    return []",
                unrelated(9)[2].response,
                unrelated(9)[3].response,
            ),
            strict=True,
        )
    }
    assert observed(others) == dict.fromkeys(ASKED, "fails")


def test_a_record_cannot_decide_its_verdict_nor_leave_a_trace(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    hostile = f"""
import builtins, os, sys

def answer(heights):
    class Always(int):
        def __eq__(self, other): return True
        __hash__ = int.__hash__
    try:
        open({str(trace)!r}, "w").write("was here")
        os.kill(os.getppid(), 9)
    except Exception:
        pass
    for frame in sys._current_frames().values():
        while frame:
            frame.f_globals["check"] = lambda candidate: None
            frame.f_locals["passed"] = True
            frame = frame.f_back
    return Always()
"""
    leaving = "import os\n\ndef answer(signal):\n    os._exit(0)\n"
    records = {
        "own/longest_climb": record("a", response=hostile),
        "own/morse_gaps": record("b", response=leaving),
    }
    assert observed(records) == dict.fromkeys(records, "fails")
    assert not trace.exists()
    assert os.getppid()  # who judges is still there


def test_a_problem_without_tests_is_not_run() -> None:
    bare = replace(OWN, problems=tuple(PROBLEMS))
    leak = record("a", response=renamed(program(PROBLEMS[0])))
    assert observed({PROBLEMS[0].task_id: leak}, bare) == {PROBLEMS[0].task_id: "not_run"}


def test_a_file_of_the_users_own_is_run_where_its_rows_have_tests(tmp_path: Path) -> None:
    rows = [
        {
            "task_id": each.task_id,
            "prompt": each.prompt,
            "canonical_solution": each.canonical_solution,
            **({"entry_point": each.entry_point, "test": each.test} if n else {}),
        }
        for n, each in enumerate(OWN.problems[:2])
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    leaks = {
        each.task_id: record(each.task_id, response=renamed(program(each)))
        for each in OWN.problems[:2]
    }
    assert list(observed(leaks, benchmarks.own.read(file)).values()) == ["not_run", "passes"]


def test_a_benchmark_of_scripts_or_an_unknown_one_is_not_run() -> None:
    judge = judging({"scripts": replace(OWN, as_script=True)}, Evaluate())
    for name in ("scripts", "unknown"):
        assert judge(name, [("own/seating", "x = 1")]) == [Outcome.NOT_RUN]


def test_a_weak_sandbox_is_refused() -> None:
    judge = judging({"own": OWN}, Evaluate(sandbox_level="weak"), jobs=1)
    with pytest.raises(UsageError, match="limits a program but does not contain it"):
        judge("own", [("own/seating", "def seating(a, b): return a")])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "wanted"),
    [("humaneval", 160), ("mbpp", 480)],
)
@pytest.mark.slow
def test_nearly_all_solutions_of_a_benchmark_pass_when_renamed(
    shared: Path, name: str, wanted: int
) -> None:
    benchmark = benchmarks.load(name, shared / "data")
    alone = benchmark.assembly == "solution"
    codes = {
        each.task_id: ("" if alone else each.prompt) + each.canonical_solution
        for each in benchmark.problems
    }
    with warnings.catch_warnings(action="ignore"):  # some of them are no good style
        leaks = {key: record(key, response=renamed(code)) for key, code in codes.items()}
    found = observed(leaks, benchmark)
    failed = [task_id for task_id, behaviour in found.items() if behaviour != "passes"]
    assert len(found) - len(failed) >= wanted, failed
