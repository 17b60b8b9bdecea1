"""A benchmark's own solutions are judged once on a machine, and a failure is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.evaluate import Score, judge_file
from wizardcoder.recipe import Evaluate
from wizardcoder.sandbox import Sandbox, Task


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """The tasks that reached a sandbox."""
    tasks: list[Task] = []
    original = Sandbox.judge_all

    def record(box: Sandbox, wanted: list[Task]) -> object:
        return original(box, [tasks.append(task) or task for task in wanted])  # type: ignore[func-returns-value]

    monkeypatch.setattr(Sandbox, "judge_all", record)
    return tasks


def judge(tmp_path: Path, benchmark: Benchmark, name: str, code: str = "    return 0") -> Score:
    file = tmp_path / f"{name}.jsonl"
    file.write_text(f'{{"task_id": "t/1", "completion": "{code}"}}\n')
    options = Evaluate()
    return judge_file(tmp_path / name, file, benchmark, options, partial=True, allow_weak=True)


def test_only_the_solutions_of_the_problems_at_hand_run_and_only_once(
    tmp_path: Path, benchmark: Benchmark, given: list[Task]
) -> None:
    first = judge(tmp_path, benchmark, "first")
    assert (len(given), first.total, first.self_check) == (2, 1, {})
    judge(tmp_path, benchmark, "second")
    assert len(given) == 3


def test_a_completion_that_is_the_solution_runs_once(
    tmp_path: Path, benchmark: Benchmark, given: list[Task]
) -> None:
    found = judge(tmp_path, benchmark, "first", "    return x + 1\\n")
    assert (len(given), found.passed, found.total) == (1, 1, 1)


def test_a_solution_that_fails_is_named_every_time(tmp_path: Path, benchmark: Benchmark) -> None:
    problems = tuple(replace(p, canonical_solution="    return x\n") for p in benchmark.problems)
    broken = replace(benchmark, problems=problems, data_sha256="1" * 64)
    for name in ("first", "second"):
        found = judge(tmp_path, broken, name)
        assert list(found.self_check) == ["t/1"]
        assert "wrong_answer" in found.self_check["t/1"]


def test_other_data_is_checked_again(
    tmp_path: Path, benchmark: Benchmark, given: list[Task]
) -> None:
    judge(tmp_path, benchmark, "first")
    judge(tmp_path, replace(benchmark, data_sha256="2" * 64), "second")
    assert len(given) == 4


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, benchmark: Benchmark
) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    assert judge(tmp_path, benchmark, "first").total == 1
