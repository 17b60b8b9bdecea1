"""Judges completions: each distinct program once, verdicts as they fall."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from wizardcoder.benchmarks import Assembly, Benchmark, Runtime
from wizardcoder.evaluate.completions import in_order
from wizardcoder.evaluate.references import case_files
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Completion, Outcome, Verdict
from wizardcoder.sandbox import (
    Cases,
    Check,
    Interpreter,
    Judgement,
    Limits,
    Sandbox,
    Script,
    Task,
    casefile,
)

#: The level of a verdict that needed no sandbox.
NO_SANDBOX = "none"

_WALL_SHARE = 10  # of the CPU limit: the wall clock is a backstop

_Program = tuple[str, str]  # task id, source


def evaluate(
    benchmark: Benchmark,
    completions: Iterable[Completion],
    *,
    limits: Limits | None = None,
    level: str = "auto",
    allow_weak: bool = False,
    jobs: int | None = None,
    assembly: Assembly | None = None,
    done: Iterable[Verdict] = (),
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """The verdicts of completions, in the order of the benchmark's problems and the samples.

    Completions of a problem that make the same program share one execution. `done`: verdicts that
    stand already; `on_verdict` is called with each new one as it falls. `limits`: by default the
    benchmark's own. `jobs`: programs at the same time, by default one per processor. Raises
    SandboxError when no level holds.
    """
    ordered = in_order(completions, benchmark)
    verdicts = {(verdict.task_id, verdict.sample): verdict for verdict in done}
    waiting = [c for c in ordered if (c.task_id, c.sample) not in verdicts]
    limits = limits or limits_of(benchmark)
    programs = _by_program(benchmark, waiting, assembly)
    judgements = _judge(benchmark, list(programs), limits, level, allow_weak, jobs)
    for program, judgement in judgements:
        for completion in programs[program]:
            verdict = _verdict(completion, judgement)
            verdicts[completion.task_id, completion.sample] = verdict
            on_verdict(verdict)
    return [verdicts[c.task_id, c.sample] for c in ordered]


def limits_of(benchmark: Benchmark, options: Evaluate | None = None) -> Limits:
    """The limits per program: those of `options`, else the benchmark's own.

    Where a benchmark has limits for each input, those hold: the whole cannot be shortened.
    """
    options = options or Evaluate()
    cpu_seconds = options.cpu_seconds or benchmark.cpu_seconds
    if benchmark.examples:
        cpu_seconds = max(cpu_seconds, benchmark.cpu_seconds)
    return Limits(
        cpu_seconds=cpu_seconds,
        wall_seconds=options.wall_seconds or _WALL_SHARE * cpu_seconds,
        memory_bytes=options.memory_bytes,
    )


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux: what this process was given
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _by_program(
    benchmark: Benchmark, completions: Iterable[Completion], assembly: Assembly | None
) -> dict[_Program, list[Completion]]:
    """The completions by the program that they make; empty code makes the empty program.

    Blanks at its end are no part of a program: completions differ in them for nothing.
    """
    programs: dict[_Program, list[Completion]] = defaultdict(list)
    for completion in completions:
        code = completion.code
        problem = benchmark.by_id[completion.task_id]
        source = benchmark.assemble(problem, code, assembly) if code.strip() else ""
        programs[completion.task_id, source.rstrip()].append(completion)
    return programs


def _judge(
    benchmark: Benchmark,
    programs: list[_Program],
    limits: Limits,
    level: str,
    allow_weak: bool,
    jobs: int | None,
) -> Iterator[tuple[_Program, Judgement]]:
    runnable: dict[Runtime, list[_Program]] = defaultdict(list)
    for program in programs:
        runtime = benchmark.runtime(benchmark.by_id[program[0]])
        if judgement := _without_running(benchmark, program, runtime):
            yield program, judgement
        else:
            runnable[runtime].append(program)
    for runtime, group in runnable.items():
        with Sandbox(
            limits,
            level=level,
            allow_weak=allow_weak,
            jobs=min(jobs or processors(), len(group)),
            interpreter=_interpreter(runtime),
        ) as box:
            yield from _run(benchmark, group, box)


def _run(
    benchmark: Benchmark, programs: list[_Program], box: Sandbox
) -> Iterator[tuple[_Program, Judgement]]:
    """Judgements as they fall. Where it is known what takes long, that begins first."""
    task_ids = dict.fromkeys(task_id for task_id, _ in programs)
    with case_files(benchmark, task_ids, box) as files:
        seconds = {task_id: casefile.read_head(file).seconds for task_id, file in files.items()}
        ordered = sorted(programs, key=lambda program: -seconds.get(program[0], 0.0))
        tasks = (_task(benchmark, *program, files.get(program[0])) for program in ordered)
        for number, judgement in box.judge_all(tasks):
            yield ordered[number], judgement


def _without_running(benchmark: Benchmark, program: _Program, runtime: Runtime) -> Judgement | None:
    if runtime.lacks:
        return Judgement(
            outcome=Outcome.NOT_RUN, reason=runtime.lacks, attested=False, level=NO_SANDBOX
        )
    if not program[1]:
        base = False if benchmark.examples else None
        return Judgement(outcome=Outcome.NO_CODE, reason="no code", level=NO_SANDBOX, base=base)
    return None


def _interpreter(runtime: Runtime) -> Interpreter:
    return Interpreter(
        python=runtime.python or sys.executable,
        preload=runtime.preload,
        variables=runtime.variables,
    )


def _task(benchmark: Benchmark, task_id: str, source: str, cases: Path | None) -> Task:
    problem = benchmark.by_id[task_id]
    if cases:
        return Cases(program=source, entry_point=problem.entry_point, cases=str(cases))
    if benchmark.as_script:
        return Script(program=source)
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
