"""A benchmark made in memory, as a package outside would make it."""

from __future__ import annotations

from dataclasses import replace

from wizardcoder.benchmarks import Benchmark, digest
from wizardcoder.records import Problem

PROBLEM = Problem(
    task_id="t/1",
    prompt="def f(x):",
    instruction="Square x.",
    entry_point="f",
    test="def check(candidate):\n    assert candidate(2) == 4\n",
    canonical_solution="\n    return x * x\n",
    group="2-step",
)
BENCHMARK = Benchmark(name="tiny", problems=(PROBLEM,), data_sha256=digest([PROBLEM]))


def test_a_completion_continues_the_prompt() -> None:
    assert BENCHMARK.assemble(PROBLEM, " return x") == "def f(x): return x"


def test_a_solution_stands_alone() -> None:
    assert BENCHMARK.assemble(PROBLEM, "def f(x): ...", "solution") == "def f(x): ..."


def test_a_benchmark_may_be_scored_by_solutions_officially() -> None:
    assert replace(BENCHMARK, assembly="solution").assemble(PROBLEM, "code") == "code"


def test_problems_are_found_by_id() -> None:
    assert BENCHMARK.by_id["t/1"] is PROBLEM


def test_answers_are_extracted_by_the_benchmarks_own_rule() -> None:
    assert BENCHMARK.extract("```python\nx\n```").code == "x"


def test_the_digest_follows_every_field() -> None:
    assert digest([PROBLEM]) != digest([replace(PROBLEM, group="")])
