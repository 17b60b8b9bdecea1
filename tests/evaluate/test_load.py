"""A busy machine changes no verdict."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from wizardcoder import benchmarks
from wizardcoder.benchmarks import Benchmark
from wizardcoder.evaluate import canonical, evaluate, read_completions
from wizardcoder.records import Completion, Outcome

_BUSY = "while True: pass"
_RUNS = 3

pytestmark = [pytest.mark.slow, pytest.mark.real_data]


@contextmanager
def busy(processes: int = 8) -> Iterator[None]:
    """Keeps every processor busy, several times over."""
    with ExitStack() as stack:
        for _ in range(processes):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", _BUSY]))
            stack.callback(process.kill)
        yield


def judge(benchmark: Benchmark, completions: list[Completion]) -> list[tuple[str, Outcome]]:
    return [(v.task_id, v.outcome) for v in evaluate(benchmark, completions)]


@pytest.mark.parametrize("name", ["humanevalplus", "mbppplus"])
def test_three_runs_under_load_give_the_quiet_verdicts(shared: Path, name: str) -> None:
    benchmark = benchmarks.load(name, shared / "data")
    completions = canonical(benchmark)
    if name == "humanevalplus":
        file = shared / "data/generations/humaneval/wizardcoder-15b-v1.0.jsonl"
        completions = read_completions(file, benchmark).completions
    quiet = judge(benchmark, completions)
    with busy():
        for _ in range(_RUNS):
            assert judge(benchmark, completions) == quiet
