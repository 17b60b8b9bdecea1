"""The evaluate stage: verdicts in the order of the problems and samples, kept as they fall."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from wizardcoder.benchmarks import Assembly, Benchmark
from wizardcoder.errors import SandboxError
from wizardcoder.evaluate.completions import read_completions
from wizardcoder.evaluate.evaluation import evaluate, limits_of
from wizardcoder.evaluate.extending import SHARD, take_over
from wizardcoder.evaluate.selfcheck import OWN, SelfCheck
from wizardcoder.evaluate.verdicts import (
    Fallen,
    Ruled,
    code_digest,
    fallen,
    ruled,
    write_lines,
    write_timings,
)
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Completion, Outcome, Verdict
from wizardcoder.storage import Identity, Json, Stage, adopt, input_hashes, open_stage, sha256


def run_stage(
    path: Path,
    completions: Path,
    benchmark: Benchmark,
    options: Evaluate,
    *,
    partial: bool = False,
    jobs: int | None = None,
    allow_weak: bool = False,
    ready: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Judge completions, a finished stage folder or a file, into `path`; returns the manifest.

    What an interrupted execution judged is kept: only the rest is run. So are verdicts on the same
    code when completions were added, or left away. `ready` may be a stage
    folder where the same was judged before: it is copied. The benchmark's own
    solutions are judged along where that was not done before on this machine; the manifest's
    `self_check` names those that failed. Raises as `read_completions` and `evaluate` do, and, for
    a file unless `partial`, SandboxError where the sandbox failed at a program.
    """
    wanted = read_completions(completions, benchmark, partial=partial)
    assembly = options.assembly or wanted.assembly or benchmark.assembly
    identity = identity_of(completions, benchmark, options, assembly)
    if ready is not None:
        adopt(ready, path, identity)
    take_over(path, identity, wanted.completions)
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        limits = limits_of(benchmark, options)
        check = SelfCheck(benchmark, options.sandbox_level, limits)
        judge = functools.partial(
            evaluate,
            benchmark,
            limits=limits,
            level=options.sandbox_level,
            allow_weak=allow_weak,
            jobs=jobs,
            assembly=assembly,
        )
        own = check.missing(wanted.completions, assembly)
        judged = _judge(stage, [*own, *wanted.completions], judge, progress)
        check.learn([verdict for verdict in judged if verdict.sample == OWN])
        verdicts = [verdict for verdict in judged if verdict.sample != OWN]
        if not (partial or completions.is_dir()):
            _require_decided(verdicts)
        counts = {**_counts(verdicts), "self_check": check.failed(wanted.completions)}
        cost = {"cpu_seconds": round(sum(v.cpu_seconds for v in verdicts), 3)}
        if completions.is_dir():
            write_timings(stage.partial, verdicts)
            return stage.finish({"verdicts": (Ruled, ruled(verdicts))}, counts=counts, cost=cost)
        write_lines(stage.partial, verdicts)
        return stage.finish({}, counts=counts, cost=cost)


def _judge(
    stage: Stage,
    completions: Sequence[Completion],
    judge: Callable[..., list[Verdict]],
    progress: Progress,
) -> list[Fallen]:
    """The verdicts of completions, each in the stage folder as soon as it falls."""
    digests = {(c.task_id, c.sample): code_digest(c) for c in completions}
    kept = {(v.task_id, v.sample): v for v in stage.resume(SHARD, Fallen)}
    done = [v for key, v in kept.items() if key in digests and v.outcome is not Outcome.INFRA_ERROR]
    shard = stage.shard(SHARD)
    count = len(done)

    def known(verdict: Verdict) -> Fallen:
        return fallen(verdict, digests[verdict.task_id, verdict.sample])

    def keep(verdict: Verdict) -> None:
        nonlocal count
        shard.append(known(verdict))
        count += 1
        progress(count, len(completions))

    return [known(verdict) for verdict in judge(completions, done=done, on_verdict=keep)]


def _require_decided(verdicts: Sequence[Verdict]) -> None:
    """Raises SandboxError when the sandbox failed at some: a score would leave them out."""
    failed = [verdict for verdict in verdicts if verdict.outcome is Outcome.INFRA_ERROR]
    if failed:
        raise SandboxError(
            f"{len(failed)} programs could not be judged (the first: {failed[0].task_id}, "
            f"{failed[0].reason}); the same command tries those again, --partial leaves them out"
        )


def identity_of(
    completions: Path, benchmark: Benchmark, options: Evaluate, assembly: Assembly
) -> Identity:
    """What makes two judgings of completions the same."""
    table = options.model_dump(mode="json", exclude={"benchmarks"})
    table |= {"benchmark": benchmark.name, "assembly": assembly}
    if completions.is_dir():
        hashes = input_hashes({"completions": completions})
    else:
        hashes = {"completions": sha256(completions)}
    if benchmark.surroundings:
        hashes["environment"] = benchmark.surroundings
    return Identity("evaluate", table, {**hashes, benchmark.name: benchmark.data_sha256})


def _counts(verdicts: Sequence[Verdict]) -> Json:
    return {
        "verdicts": len(verdicts),
        "passed": sum(verdict.passed for verdict in verdicts),
        "attested": sum(verdict.attested for verdict in verdicts),
        "outcomes": dict(sorted(Counter(str(v.outcome) for v in verdicts).items())),
        "sandbox_levels": dict(sorted(Counter(v.sandbox_level for v in verdicts).items())),
    }
