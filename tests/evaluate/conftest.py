"""A benchmark of three problems in two groups."""

from __future__ import annotations

import pytest

from wizardcoder.benchmarks import Benchmark, digest
from wizardcoder.records import Problem


def problem(number: int, group: str) -> Problem:
    return Problem(
        task_id=f"t/{number}",
        prompt="def f(x):\n",
        instruction=f"Add {number} to x.",
        entry_point="f",
        test=f"def check(candidate):\n    assert candidate(1) == {1 + number}\n",
        canonical_solution=f"    return x + {number}\n",
        group=group,
    )


@pytest.fixture(scope="session")
def benchmark() -> Benchmark:
    problems = (problem(2, "easy"), problem(1, "easy"), problem(10, "hard"))
    return Benchmark(name="tiny", problems=problems, data_sha256=digest(problems))
