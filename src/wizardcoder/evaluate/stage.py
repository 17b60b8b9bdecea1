"""The evaluate stage: a table of verdicts, in the order of the problems and samples.

Times vary from run to run, so they are not in the table: `timings.jsonl` has them, a line for each
row of `verdicts.parquet`, and the manifest has their sums.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from wizardcoder.benchmarks import Benchmark
from wizardcoder.evaluate.completions import read_completions
from wizardcoder.evaluate.evaluation import evaluate
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Outcome, Verdict
from wizardcoder.sandbox import Limits
from wizardcoder.storage import (
    Identity,
    Json,
    from_json,
    input_hashes,
    open_stage,
    read_parquet,
    write_text,
)

_TIMINGS = "timings.jsonl"
_TIMES = ("cpu_seconds", "wall_seconds", "peak_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruled:
    """A verdict without what differs from run to run."""

    task_id: str
    sample: int
    outcome: Outcome
    reason: str
    attested: bool
    sandbox_level: str


def run_stage(
    path: Path,
    completions: Path,
    benchmark: Benchmark,
    options: Evaluate,
    *,
    jobs: int | None = None,
    allow_weak: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Judge the completions of a finished stage folder into `path`; returns the manifest.

    What an interrupted execution judged is kept: only the rest is run.
    """
    identity = _identity(completions, benchmark, options)
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        wanted = read_completions(completions, benchmark).completions
        done = stage.resume("verdicts", Verdict)
        shard = stage.shard("verdicts")
        fallen = len(done)

        def keep(verdict: Verdict) -> None:
            nonlocal fallen
            shard.append(verdict)
            fallen += 1
            progress(fallen, len(wanted))

        verdicts = evaluate(
            benchmark,
            wanted,
            limits=limits_of(options),
            level=options.sandbox_level,
            allow_weak=allow_weak,
            jobs=jobs,
            assembly=options.assembly,
            done=done,
            on_verdict=keep,
        )
        write_text(stage.partial / _TIMINGS, _timings(verdicts))
        return stage.finish(
            {"verdicts": (_Ruled, [_ruled(verdict) for verdict in verdicts])},
            counts=_counts(verdicts),
            cost={"cpu_seconds": round(sum(v.cpu_seconds for v in verdicts), 3)},
        )


def read_verdicts(path: Path) -> list[Verdict]:
    """The verdicts of a finished stage folder, with their times."""
    ruled = read_parquet(path / "verdicts.parquet", _Ruled)
    lines = (path / _TIMINGS).read_text(encoding="utf-8").splitlines()
    return [
        from_json({**_values(row), **json.loads(line)}, Verdict)
        for row, line in zip(ruled, lines, strict=True)
    ]


def limits_of(options: Evaluate) -> Limits:
    """The limits per program that a recipe sets."""
    return Limits(
        cpu_seconds=options.cpu_seconds,
        wall_seconds=options.wall_seconds,
        memory_bytes=options.memory_bytes,
    )


def _identity(completions: Path, benchmark: Benchmark, options: Evaluate) -> Identity:
    table = options.model_dump(mode="json", exclude={"benchmarks"})
    table["assembly"] = options.assembly or benchmark.assembly
    inputs = {**input_hashes({"completions": completions}), benchmark.name: benchmark.data_sha256}
    return Identity("evaluate", table, inputs)


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
