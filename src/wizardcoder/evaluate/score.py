"""The numbers of a benchmark: pass@k with intervals, whole and by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from wizardcoder.benchmarks import Assembly, Benchmark
from wizardcoder.errors import UsageError
from wizardcoder.evaluate.evaluation import NO_SANDBOX
from wizardcoder.records import Outcome, Verdict
from wizardcoder.scoring import Interval, bootstrap_interval, pass_at_k, wilson_interval
from wizardcoder.storage import Json

#: These say nothing about a program: it does not count, neither for nor against.
UNDECIDED = frozenset({Outcome.INFRA_ERROR, Outcome.NOT_RUN})
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

    `passed` of `total` completions that were decided; `problems` that have one. `attested` is the
    share of verdicts that the programs could not have forged. 95 % intervals: Wilson's for one
    sample per problem, else a bootstrap over problems. `groups` is empty when there is but one.
    """

    benchmark: str
    completions: str
    problems: int
    passed: int
    total: int
    pass_at_k: Mapping[int, float]
    interval: Mapping[int, Interval]
    outcomes: Mapping[str, int]
    attested: float
    sandbox_level: str
    assembly: Assembly
    data_sha256: str
    groups: Mapping[str, GroupScore]

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
) -> Score:
    """The score of verdicts; `completions` names where they come from.

    Raises UsageError when some problem has fewer decided samples than a k asks for.
    """
    verdicts = list(verdicts)
    decided = [verdict for verdict in verdicts if verdict.outcome not in UNDECIDED]
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in decided:
        groups[benchmark.by_id[verdict.task_id].group].append(verdict)
    whole = _group_score(decided, ks)
    outcomes = Counter(str(verdict.outcome) for verdict in verdicts)
    return Score(
        benchmark=benchmark.name,
        completions=completions,
        problems=whole.problems,
        passed=whole.passed,
        total=whole.total,
        pass_at_k=whole.pass_at_k,
        interval=whole.interval,
        outcomes=dict(sorted(outcomes.items())),
        attested=sum(verdict.attested for verdict in verdicts) / max(1, len(verdicts)),
        sandbox_level=_levels(verdicts),
        assembly=assembly or benchmark.assembly,
        data_sha256=benchmark.data_sha256,
        groups={name: _group_score(groups[name], ks) for name in sorted(groups)}
        if len(groups) > 1
        else {},
    )


def problem_scores(verdicts: Iterable[Verdict], k: int = 1) -> dict[str, float]:
    """pass@k of every problem that has decided samples, by task id.

    Raises UsageError when a problem has fewer than k of them.
    """
    samples: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.outcome not in UNDECIDED:
            samples[verdict.task_id].append(verdict.passed)
    for task_id, passed in samples.items():
        if len(passed) < k:
            raise UsageError(
                f"pass@{k} needs {k} samples per problem; {task_id} has {len(passed)}: "
                "generate more, or ask for a smaller k"
            )
    return {task_id: pass_at_k(len(p), sum(p), k) for task_id, p in samples.items()}


def _group_score(decided: Sequence[Verdict], ks: Sequence[int]) -> GroupScore:
    by_k = {k: list(problem_scores(decided, k).values()) for k in ks}
    passed, total = sum(verdict.passed for verdict in decided), len(decided)
    problems = len({verdict.task_id for verdict in decided})
    return GroupScore(
        problems=problems,
        passed=passed,
        total=total,
        pass_at_k={k: float(np.mean(values)) if values else 0.0 for k, values in by_k.items()},
        interval={
            k: wilson_interval(passed, total)
            if problems == total
            else bootstrap_interval(values, seed=_BOOTSTRAP_SEED)
            for k, values in by_k.items()
        },
    )


def _levels(verdicts: Iterable[Verdict]) -> str:
    """The level that the programs ran at; all of them when there are several."""
    levels = {verdict.sandbox_level for verdict in verdicts} - {NO_SANDBOX}
    return "+".join(sorted(levels)) or NO_SANDBOX
