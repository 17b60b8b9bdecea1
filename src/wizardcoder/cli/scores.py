"""Judging one file of completions, and how its score is printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizardcoder.benchmarks import Assembly
    from wizardcoder.evaluate import GroupScore, Score
    from wizardcoder.progress import Progress


@dataclass(frozen=True)
class Request:
    """What `wizardcoder evaluate BENCH` was asked for."""

    benchmark: str
    data: Path | None
    ks: Sequence[int]
    assembly: str | None
    partial: bool
    level: str
    allow_weak: bool
    jobs: int | None

    def mode(self, found: Assembly | None) -> Assembly | None:
        """How programs are built: as asked, else as the file says, else the benchmark's way."""
        match self.assembly:
            case None:
                return found
            case "completion":
                return "completion"
            case "solution":
                return "solution"
        raise UsageError(f"--assembly {self.assembly!r}: choose completion or solution")


def judge(file: Path, request: Request, progress: Progress, verdicts: Path | None) -> Score:
    """The score of a file; its verdicts go to the JSONL file `verdicts`, if there is one."""
    from wizardcoder import evaluate
    from wizardcoder.pipeline.names import load_benchmark
    from wizardcoder.storage import to_json, write_text

    benchmark = load_benchmark(request.benchmark, request.data)
    found = evaluate.read_completions(file, benchmark, partial=request.partial)
    mode = request.mode(found.assembly)
    done = 0

    def count(verdict: object) -> None:
        nonlocal done
        done += 1
        progress(done, len(found.completions))

    judged = evaluate.evaluate(
        benchmark,
        found.completions,
        level=request.level,
        allow_weak=request.allow_weak,
        jobs=request.jobs,
        assembly=mode,
        on_verdict=count,
    )
    if verdicts is not None:
        write_text(verdicts, "".join(f"{json.dumps(to_json(verdict))}\n" for verdict in judged))
    return evaluate.score(benchmark, judged, request.ks, completions=str(file), assembly=mode)


def table(score: Score) -> str:
    """A score for people."""
    outcomes = ", ".join(f"{count} {name}" for name, count in score.outcomes.items())
    how = f"sandbox {score.sandbox_level}, {score.attested:.1%} attested"
    lines = [
        f"{score.benchmark}  {score.completions}  ({how})",
        f"{_rates(score)}",
        *(f"  {name:<10} {_rates(group)}" for name, group in score.groups.items()),
        outcomes,
        f"assembly {score.assembly}, data {score.data_sha256[:12]}",
    ]
    return "\n  ".join(lines)


def _rates(score: Score | GroupScore) -> str:
    rates = (
        f"pass@{k} {100 * rate:.2f} [{100 * score.interval[k].low:.1f}, "
        f"{100 * score.interval[k].high:.1f}]"
        for k, rate in score.pass_at_k.items()
    )
    return f"{', '.join(rates)}  ({score.passed} of {score.total} passed)"
