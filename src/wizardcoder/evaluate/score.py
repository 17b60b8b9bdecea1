"""The numbers of a benchmark: pass@k with intervals, whole and by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean

from wizardcoder.benchmarks import Assembly, Benchmark
from wizardcoder.errors import UsageError
from wizardcoder.evaluate.evaluation import NO_SANDBOX
from wizardcoder.evaluate.touched import Touched
from wizardcoder.records import Completion, Outcome, Problem, Verdict
from wizardcoder.scoring import Interval, bootstrap_interval, pass_at_k, wilson_interval
from wizardcoder.storage import Json

_BOOTSTRAP_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """A part of the benchmark. `pass_at_k` and `interval` by k; shares between 0 and 1."""

    problems: int
    passed: int
    total: int
    pass_at_k: Mapping[int, float]
    interval: Mapping[int, Interval]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one set of completions reached on one benchmark.

    `passed` of `total` completions that were decided; `problems` that have one, `coverage` their
    share of the benchmark. `attested` is the share of verdicts that the programs could not have
    forged, `passed_attested` the number of such among the passed. 95 % intervals: Wilson's for one
    sample per problem, else a bootstrap over problems.
    `base`: the same programs on the original tests alone, where the benchmark adds to them.
    `groups` and `variants` are empty when there is but one. `self_check`: the benchmark's own
    solutions that failed here, with the reason. `notes`: what must be known to compare.
    `touched`: the problems that the training data touches, and `untouched` the score on those that
    it leaves, where the data was named; None where it was not.
    """

    benchmark: str
    completions: str
    problems: int
    coverage: float
    passed: int
    passed_attested: int
    total: int
    pass_at_k: Mapping[int, float]
    interval: Mapping[int, Interval]
    base: GroupScore | None
    outcomes: Mapping[str, int]
    not_run: Mapping[str, int]
    attested: float
    sandbox_level: str
    assembly: Assembly
    data_sha256: str
    groups: Mapping[str, GroupScore]
    variants: Mapping[str, GroupScore]
    self_check: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    touched: Touched | None = None
    untouched: GroupScore | None = None

    def as_json(self) -> Json:
        """As JSON; numbers k become text, as JSON has no other keys."""
        return asdict(self)


def score(
    benchmark: Benchmark,
    verdicts: Iterable[Verdict],
    ks: Sequence[int] = (1,),
    *,
    completions: str = "",
    assembly: Assembly | None = None,
    self_check: Mapping[str, str] | None = None,
    touched: Touched | None = None,
) -> Score:
    """The score of verdicts; `completions` names where they come from, `touched` what data knew.

    Raises UsageError when some problem has fewer decided samples than a k asks for.
    """
    verdicts = list(verdicts)
    decided = [verdict for verdict in verdicts if verdict.decided]
    whole = _group_score(decided, ks)
    return Score(
        benchmark=benchmark.name,
        completions=completions,
        problems=whole.problems,
        coverage=whole.problems / len(benchmark.problems),
        passed=whole.passed,
        passed_attested=sum(verdict.passed and verdict.attested for verdict in decided),
        total=whole.total,
        pass_at_k=whole.pass_at_k,
        interval=whole.interval,
        base=_base_score(decided, ks),
        outcomes=_count(str(verdict.outcome) for verdict in verdicts),
        not_run=_count(v.reason for v in verdicts if v.outcome is Outcome.NOT_RUN),
        attested=sum(verdict.attested for verdict in verdicts) / max(1, len(verdicts)),
        sandbox_level=_levels(verdicts),
        assembly=assembly or benchmark.assembly,
        data_sha256=benchmark.data_sha256,
        groups=_split(benchmark, decided, ks, lambda problem: problem.group),
        variants=_split(benchmark, decided, ks, lambda problem: problem.variant),
        self_check=dict(self_check or {}),
        notes=benchmark.notes,
        touched=touched,
        untouched=_untouched(decided, ks, touched) if touched else None,
    )


def require_samples(completions: Iterable[Completion], ks: Sequence[int]) -> None:
    """Raises UsageError when some problem has fewer completions than a k asks for."""
    samples: dict[str, list[bool]] = defaultdict(list)
    for completion in completions:
        samples[completion.task_id].append(False)
    for k in ks:
        _rates(samples, k)


def problem_scores(verdicts: Iterable[Verdict], k: int = 1) -> dict[str, float]:
    """pass@k of every problem that has decided samples, by task id.

    Raises UsageError when a problem has fewer than k of them.
    """
    samples: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.decided:
            samples[verdict.task_id].append(verdict.passed)
    return _rates(samples, k)


def _rates(samples: Mapping[str, Sequence[bool]], k: int) -> dict[str, float]:
    for task_id, passed in samples.items():
        if len(passed) < k:
            raise UsageError(
                f"pass@{k} needs {k} samples per problem; {task_id} has {len(passed)}: "
                "generate more, or ask for a smaller k"
            )
    return {task_id: pass_at_k(len(p), sum(p), k) for task_id, p in samples.items()}


def _group_score(
    decided: Sequence[Verdict],
    ks: Sequence[int],
    passes: Callable[[Verdict], bool] = lambda verdict: verdict.passed,
) -> GroupScore:
    samples: dict[str, list[bool]] = defaultdict(list)
    for verdict in decided:
        samples[verdict.task_id].append(passes(verdict))
    by_k = {k: list(_rates(samples, k).values()) for k in ks}
    passed, total = sum(map(sum, samples.values())), len(decided)
    return GroupScore(
        problems=len(samples),
        passed=passed,
        total=total,
        pass_at_k={k: fmean(values) if values else 0.0 for k, values in by_k.items()},
        interval={k: _interval(values, passed, total) for k, values in by_k.items()},
    )


def _interval(values: Sequence[float], passed: int, total: int) -> Interval:
    """Of a mean over problems; there is one value per problem."""
    if len(values) == total:
        return wilson_interval(passed, total)
    return bootstrap_interval(values, seed=_BOOTSTRAP_SEED)


def _base_score(decided: Sequence[Verdict], ks: Sequence[int]) -> GroupScore | None:
    if all(verdict.base is None for verdict in decided):
        return None
    return _group_score(decided, ks, lambda verdict: bool(verdict.base))


def _untouched(decided: Sequence[Verdict], ks: Sequence[int], touched: Touched) -> GroupScore:
    return _group_score([verdict for verdict in decided if touched.leaves(verdict.task_id)], ks)


def _split(
    benchmark: Benchmark,
    decided: Sequence[Verdict],
    ks: Sequence[int],
    part_of: Callable[[Problem], str],
) -> dict[str, GroupScore]:
    """The scores of the benchmark's parts, empty when there is but one."""
    parts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in decided:
        parts[part_of(benchmark.by_id[verdict.task_id])].append(verdict)
    if len(parts) < 2:
        return {}
    return {name: _group_score(parts[name], ks) for name in sorted(parts)}


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _levels(verdicts: Iterable[Verdict]) -> str:
    """The level that the programs ran at; all of them when there are several."""
    levels = {verdict.sandbox_level for verdict in verdicts} - {NO_SANDBOX}
    return "+".join(sorted(levels)) or NO_SANDBOX
