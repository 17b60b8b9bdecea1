"""Two sets of verdicts on the same problems, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from wizardcoder.errors import InputError, UsageError
from wizardcoder.evaluate.score import problem_scores
from wizardcoder.evaluate.verdicts import read_verdicts
from wizardcoder.records import Verdict
from wizardcoder.scoring import Interval, mcnemar, paired_difference
from wizardcoder.storage import Json, read_manifest

_BOOTSTRAP_SEED = 0


class Judged(NamedTuple):
    """Verdicts and under which conditions they were made: where those differ, so may the verdicts.

    `conditions`: options by name, and the hashes of what was read but the completions.
    """

    name: str
    benchmark: str
    conditions: Mapping[str, str]
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How `b` differs from `a` on the problems that both have decided verdicts for.

    Rates are pass@1 between 0 and 1, `interval` the 95 % interval of `difference` = b − a, a paired
    bootstrap over problems. `p_value` is McNemar's, exact, of the problems that flipped; None where
    a problem has several samples, and then a problem counts as lost or won when its rate changed.
    """

    benchmark: str
    a: str
    b: str
    problems: int
    rate_a: float
    rate_b: float
    difference: float
    interval: Interval
    lost: tuple[str, ...]
    won: tuple[str, ...]
    p_value: float | None
    warnings: tuple[str, ...]

    def as_json(self) -> Json:
        return asdict(self)


def read_judged(path: Path) -> Judged:
    """The verdicts of a folder that `evaluate` wrote. Raises InputError for anything else."""
    if path.is_file():
        raise InputError(path, problem="is a file", mend="name the folder that evaluate wrote")
    identity = read_manifest(path)["identity"]
    if identity["stage"] != "evaluate":
        raise InputError(path, problem="holds no verdicts", value=identity["stage"])
    options, inputs = identity["options"], identity["inputs"]
    benchmark = options["benchmark"]
    return Judged(str(path), benchmark, _conditions(options, inputs), read_verdicts(path))


def _conditions(options: Mapping[str, object], inputs: Mapping[str, str]) -> dict[str, str]:
    """The level that was asked for is none: the one that was reached is in the verdicts."""
    apart = {"benchmark", "sandbox_level"}
    found = {key: str(value) for key, value in options.items() if key not in apart}
    hashes = {key: value for key, value in inputs.items() if not key.startswith("completions")}
    data = hashes.pop(str(options["benchmark"]))
    return {"data": data[:12], **found, **hashes}


def compare(a: Judged, b: Judged) -> Comparison:
    """Raises UsageError when the two are of different benchmarks or share no problem."""
    if a.benchmark != b.benchmark:
        raise UsageError(
            f"{a.name} is of {a.benchmark}, {b.name} is of {b.benchmark}: compare like with like"
        )
    rates_a, rates_b = problem_scores(a.verdicts), problem_scores(b.verdicts)
    shared = [task_id for task_id in rates_a if task_id in rates_b]
    if not shared:
        raise UsageError(f"{a.name} and {b.name} share no problem that was decided")
    values_a, values_b = [rates_a[t] for t in shared], [rates_b[t] for t in shared]
    change = paired_difference(values_a, values_b, seed=_BOOTSTRAP_SEED)
    lost = tuple(t for t in shared if rates_b[t] < rates_a[t])
    won = tuple(t for t in shared if rates_b[t] > rates_a[t])
    single = {*values_a, *values_b} <= {0.0, 1.0} and _is_single(a) and _is_single(b)
    return Comparison(
        benchmark=a.benchmark,
        a=a.name,
        b=b.name,
        problems=len(shared),
        rate_a=fmean(values_a),
        rate_b=fmean(values_b),
        difference=change.mean,
        interval=change.interval,
        lost=lost,
        won=won,
        p_value=mcnemar(len(lost), len(won)) if single else None,
        warnings=tuple(_warnings(a, b, len(shared), {*rates_a, *rates_b})),
    )


def _is_single(judged: Judged) -> bool:
    return len({verdict.task_id for verdict in judged.verdicts}) == len(judged.verdicts)


def _warnings(a: Judged, b: Judged, shared: int, all_problems: set[str]) -> Iterator[str]:
    """What stands against reading a difference as one of the models."""
    for key in sorted({*a.conditions, *b.conditions}):
        ours, theirs = a.conditions.get(key), b.conditions.get(key)
        if ours != theirs:
            yield f"different {key}: {ours} and {theirs}"
    levels = [sorted({v.sandbox_level for v in j.verdicts} - {"none"}) for j in (a, b)]
    if levels[0] != levels[1]:
        yield f"different sandbox levels: {', '.join(levels[0])} and {', '.join(levels[1])}"
    if shared < len(all_problems):
        yield f"{len(all_problems) - shared} problems are decided in only one of the two"
