"""Runs programs on the tests of benchmarks: the sandbox handed to clean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizardcoder import evaluate
from wizardcoder.benchmarks import Benchmark
from wizardcoder.clean import Judge
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Completion, Outcome, Verdict


def judging(
    benchmarks: Mapping[str, Benchmark], options: Evaluate, *, jobs: int | None = None
) -> Judge:
    """What judges whole programs on problems of benchmarks, by the names that cleaning knows.

    In the sandbox, under each benchmark's own limits; raises SandboxError as `evaluate` does where
    no level holds. Of a benchmark that it was not given, or whose programs are scripts, nothing is
    run. A pass that the program could have forged is none: it counts as not run.
    """

    def judge(name: str, programs: Sequence[tuple[str, str]]) -> list[Outcome]:
        benchmark = benchmarks.get(name)
        if benchmark is None or benchmark.as_script:
            return [Outcome.NOT_RUN] * len(programs)
        completions = [
            Completion(task_id=task_id, sample=number, text=code, code=code)
            for number, (task_id, code) in enumerate(programs)
            if _has_tests(benchmark, task_id)
        ]
        verdicts = evaluate.evaluate(
            benchmark,
            completions,
            level=options.sandbox_level,
            jobs=jobs,
            assembly="solution",
        )
        found = {verdict.sample: _outcome(verdict) for verdict in verdicts}
        return [found.get(number, Outcome.NOT_RUN) for number in range(len(programs))]

    return judge


def _has_tests(benchmark: Benchmark, task_id: str) -> bool:
    problem = benchmark.by_id.get(task_id)
    if problem is None or not problem.entry_point:  # which function it asks for nobody knows
        return False
    return bool(problem.test or benchmark.examples)


def _outcome(verdict: Verdict) -> Outcome:
    return Outcome.NOT_RUN if verdict.passed and not verdict.attested else verdict.outcome
