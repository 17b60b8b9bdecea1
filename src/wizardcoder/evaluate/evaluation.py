"""Judges completions: each distinct program once, verdicts as they fall."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from wizardcoder.benchmarks import Assembly, Benchmark
from wizardcoder.evaluate.completions import in_order
from wizardcoder.records import Completion, Outcome, Verdict
from wizardcoder.sandbox import Check, Judgement, Limits, Sandbox, Task

#: The level of a verdict that needed no sandbox.
NO_SANDBOX = "none"

_Program = tuple[str, str]  # task id, source


def evaluate(
    benchmark: Benchmark,
    completions: Iterable[Completion],
    *,
    limits: Limits = Limits(),  # noqa: B008 (immutable)
    level: str = "auto",
    allow_weak: bool = False,
    jobs: int | None = None,
    assembly: Assembly | None = None,
    done: Iterable[Verdict] = (),
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """The verdicts of completions, in the order of the benchmark's problems and the samples.

    Completions of a problem that make the same program share one execution. `done`: verdicts that
    stand already; `on_verdict` is called with each new one as it falls. `jobs`: programs at the
    same time, by default one per processor. Raises SandboxError when no level holds.
    """
    ordered = in_order(completions, benchmark)
    verdicts = {(verdict.task_id, verdict.sample): verdict for verdict in done}
    waiting = [c for c in ordered if (c.task_id, c.sample) not in verdicts]
    programs = _by_program(benchmark, waiting, assembly)
    judgements = _judge(benchmark, list(programs), limits, level, allow_weak, jobs)
    for program, judgement in judgements:
        for completion in programs[program]:
            verdict = _verdict(completion, judgement)
            verdicts[completion.task_id, completion.sample] = verdict
            on_verdict(verdict)
    return [verdicts[c.task_id, c.sample] for c in ordered]


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux: what this process was given
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _by_program(
    benchmark: Benchmark, completions: Iterable[Completion], assembly: Assembly | None
) -> dict[_Program, list[Completion]]:
    """The completions by the program that they make; empty code makes the empty program."""
    programs: dict[_Program, list[Completion]] = defaultdict(list)
    for completion in completions:
        code = completion.code
        problem = benchmark.by_id[completion.task_id]
        source = benchmark.assemble(problem, code, assembly) if code.strip() else ""
        programs[completion.task_id, source].append(completion)
    return programs


def _judge(
    benchmark: Benchmark,
    programs: list[_Program],
    limits: Limits,
    level: str,
    allow_weak: bool,
    jobs: int | None,
) -> Iterator[tuple[_Program, Judgement]]:
    empty = Judgement(outcome=Outcome.NO_CODE, reason="no code", level=NO_SANDBOX)
    yield from ((program, empty) for program in programs if not program[1])
    runnable = [program for program in programs if program[1]]
    if not runnable:
        return
    jobs = min(jobs or processors(), len(runnable))
    with Sandbox(limits, level=level, allow_weak=allow_weak, jobs=jobs) as box:
        for number, judgement in box.judge_all(_task(benchmark, *p) for p in runnable):
            yield runnable[number], judgement


def _task(benchmark: Benchmark, task_id: str, source: str) -> Task:
    problem = benchmark.by_id[task_id]
    return Check(
        program=source,
        entry_point=problem.entry_point,
        test=problem.test,
        helpers=benchmark.helpers(problem),
    )


def _verdict(completion: Completion, judgement: Judgement) -> Verdict:
    return Verdict(
        task_id=completion.task_id,
        sample=completion.sample,
        outcome=judgement.outcome,
        reason=judgement.reason,
        attested=judgement.attested,
        sandbox_level=judgement.level,
        cpu_seconds=judgement.cpu_seconds,
        wall_seconds=judgement.wall_seconds,
        peak_bytes=judgement.peak_bytes,
        base=judgement.base,
    )
