"""The evaluate stage: verdicts in the order of the problems and samples, kept as they fall.

Of a run's arm, it is a Parquet table that repeats byte for byte: times vary from run to run, so
they are not in it but in `timings.jsonl`, a line for each row. Of a file of completions it is
`verdicts.jsonl`, with the times, for anybody's tools.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from wizardcoder.benchmarks import Assembly, Benchmark
from wizardcoder.errors import InputError, SandboxError
from wizardcoder.evaluate.completions import read_completions
from wizardcoder.evaluate.evaluation import evaluate, limits_of
from wizardcoder.evaluate.selfcheck import OWN, SelfCheck
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Completion, Outcome, Verdict
from wizardcoder.storage import (
    Identity,
    Json,
    Stage,
    adopt,
    from_json,
    input_hashes,
    open_stage,
    read_jsonl,
    read_parquet,
    sha256,
    to_json,
    write_text,
)

_LINES, _TABLE, _TIMINGS = "verdicts.jsonl", "verdicts.parquet", "timings.jsonl"
_TIMES = ("cpu_seconds", "wall_seconds", "peak_bytes")
_SHARD = "fallen"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruled:
    """A verdict without what differs from run to run."""

    task_id: str
    sample: int
    outcome: Outcome
    reason: str
    attested: bool
    sandbox_level: str
    base: bool | None


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

    What an interrupted execution judged is kept: only the rest is run. `ready` may be a stage
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
            write_text(stage.partial / _TIMINGS, _timings(verdicts))
            tables = {"verdicts": (_Ruled, [_ruled(verdict) for verdict in verdicts])}
            return stage.finish(tables, counts=counts, cost=cost)
        write_text(stage.partial / _LINES, _lines(verdicts))
        return stage.finish({}, counts=counts, cost=cost)


def read_verdicts(path: Path) -> list[Verdict]:
    """The verdicts of a finished stage folder, with their times."""
    if (path / _LINES).exists():
        return list(read_jsonl(path / _LINES, Verdict))
    if not (path / _TABLE).exists():
        mend = f"remove the folder {path} to judge anew"
        raise InputError(path, problem="has lost its verdicts", mend=mend)
    ruled = read_parquet(path / _TABLE, _Ruled)
    lines = (path / _TIMINGS).read_text(encoding="utf-8").splitlines()
    return [
        from_json({**_values(row), **json.loads(line)}, Verdict)
        for row, line in zip(ruled, lines, strict=True)
    ]


def _judge(
    stage: Stage,
    completions: Sequence[Completion],
    judge: Callable[..., list[Verdict]],
    progress: Progress,
) -> list[Verdict]:
    """The verdicts of completions, each in the stage folder as soon as it falls."""
    kept = stage.resume(_SHARD, Verdict)
    done = [verdict for verdict in kept if verdict.outcome is not Outcome.INFRA_ERROR]
    shard = stage.shard(_SHARD)
    fallen = len(done)

    def keep(verdict: Verdict) -> None:
        nonlocal fallen
        shard.append(verdict)
        fallen += 1
        progress(fallen, len(completions))

    return judge(completions, done=done, on_verdict=keep)


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


def _ruled(verdict: Verdict) -> _Ruled:
    return _Ruled(**{f.name: getattr(verdict, f.name) for f in fields(_Ruled)})


def _values(row: _Ruled) -> Json:
    return {f.name: getattr(row, f.name) for f in fields(_Ruled)}


def _timings(verdicts: Sequence[Verdict]) -> str:
    rows = ({name: getattr(verdict, name) for name in _TIMES} for verdict in verdicts)
    return "".join(json.dumps(row) + "\n" for row in rows)


def _lines(verdicts: Sequence[Verdict]) -> str:
    return "".join(f"{json.dumps(to_json(verdict))}\n" for verdict in verdicts)
