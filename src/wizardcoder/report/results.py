"""What a run came to: the numbers and texts that the report shows, and nothing else it knows.

Frozen models, written as `results.json`. Rates and shares are fractions (0.18, not 18); a
difference of two rates is one too. Every text is made printable on the way in, so that whatever a
teacher or model wrote can be shown and stored.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from wizardcoder.report.cleaning import Cleaning, TouchedScore
from wizardcoder.report.parts import Count, Part, Points, Seconds, Share, Text
from wizardcoder.report.training import Training


class Group(Part):
    """A part of a benchmark that is scored apart, in words.

    `label` completes "on …" ("3-step tasks"); `note` says what the group stands for ("seen
    operations", "never seen in training").
    """

    benchmark: Text
    name: Text
    label: Text
    note: Text = ""


class GroupScore(Part):
    """pass@1 of one arm on one group: `passed` of `total` problems × `n_samples` samples each.

    `rate` is the mean over problems, `low` and `high` its 95 % interval.
    """

    benchmark: Text
    group: Text = ""
    passed: Count
    total: Annotated[int, Field(gt=0)]
    rate: Share
    low: Share
    high: Share
    n_samples: Annotated[int, Field(gt=0)] = 1


class Arm(Part):
    """A training set and the model tuned on it; None and empty where the run does not say.

    `depth_histogram` maps a number of steps to a number of records; `loss_curve` holds points
    (label tokens seen, training loss), `score_curve` (label tokens seen, pass@1 on the development
    set) of a model that was chosen so. `truncated` of its `answers` were cut before their end.
    """

    name: Text
    kind: Literal["base", "seed", "round", "control"]
    description: Text = ""
    records: Count | None = None
    distinct_responses: Count | None = None
    label_tokens: Count | None = None
    depth_histogram: dict[Text, Count] = Field(default_factory=dict)
    scores: tuple[GroupScore, ...] = ()
    loss_curve: tuple[tuple[Count, float], ...] = ()
    score_curve: tuple[tuple[Count, Share], ...] = ()
    training: Training | None = None
    answers: Count = 0
    truncated: Count = 0


class Tally(Part):
    """Accepted and rejected attempts of one round or one operation."""

    name: Text
    accepted: Count
    rejected: Count


class Verified(Part):
    """What became of the answers of one round or one operation when they were tried out."""

    name: Text
    verified: Count = 0
    failed: Count = 0
    not_testable: Count = 0
    undecided: Count = 0

    @property
    def total(self) -> int:
        return self.verified + self.failed + self.not_testable + self.undecided


class Verification(Part):
    """Which answers passed tests that were written apart from them.

    `attested` of the verified ones could not decide that themselves; `time_limited`: a time limit
    decided, so that another machine may decide otherwise.
    """

    by_round: tuple[Verified, ...] = ()
    by_operation: tuple[Verified, ...] = ()
    attested: Count = 0
    time_limited: Count = 0

    def share(self, status: Literal["verified", "failed", "not_testable", "undecided"]) -> float:
        """The share of all answers tried out that have this status."""
        total = sum(row.total for row in self.by_round)
        return sum(getattr(row, status) for row in self.by_round) / total if total else 0.0


class ScoredRound(Part):
    """pass@1 of the model of one round on the development set, with its 95 % interval.

    The difference is a paired one, to the best round before it (`best_before`), with its interval.
    """

    round: Count
    rate: Share
    low: Share
    high: Share
    best_before: Count
    difference: Points
    difference_low: Points
    difference_high: Points


class EvolStop(Part):
    """How many rounds of evolving helped: those tried, the best, and why there are no more."""

    benchmark: Text
    rounds: tuple[ScoredRound, ...] = ()
    best: Count = 0
    stopped: Literal["", "fell", "max_rounds"] = ""


class Evolution(Part):
    """What became of every attempt to evolve an instruction: attempts = accepted + rejected."""

    seeds: Count
    attempts: Count
    accepted: Count
    rejected: Count
    rules: dict[Text, Count] = Field(default_factory=dict)
    by_round: tuple[Tally, ...] = ()
    by_operation: tuple[Tally, ...] = ()
    verification: Verification | None = None  # None: nobody tried


class LineageStep(Part):
    """One attempt of a lineage; round 0 is the seed. `rule` is what rejected it, if anything."""

    round: Count
    operation: Text | None = None
    instruction: Text
    response: Text = ""
    rule: Text | None = None


class Lineage(Part):
    """A seed and what was made of it, round by round."""

    seed_id: Text
    steps: tuple[LineageStep, ...]


class StageCost(Part):
    """Time and money of one stage; `usd` and calls are the teacher's."""

    stage: Text
    seconds: Seconds
    usd: Annotated[float, Field(ge=0)] = 0.0
    calls: Count = 0
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    note: Text = ""


class Deviation(Part):
    """A threshold that differs from the default."""

    key: Text
    default: Text
    value: Text


class Comparison(Part):
    """pass@1 of `arm_a` minus that of `arm_b` on one group, with its 95 % interval.

    `method` says how the interval was made ("paired bootstrap over problems").
    """

    arm_a: Text
    arm_b: Text
    benchmark: Text
    group: Text = ""
    difference: Points
    interval_low: Points
    interval_high: Points
    method: Text = ""


class Fact(Part):
    """One thing to know about how the run measured: "Hold-out", "Limits", …"""

    name: Text
    text: Text


class Results(Part):
    """Everything that the report of one run shows.

    The first comparison is the claim of the run: choose it before the numbers are seen. `groups`
    gives the order of the groups and their words; one that is only in the scores comes last.
    """

    run: Text
    title: Text
    created: Text  # ISO 8601
    wizardcoder_version: Text
    recipe_toml: Text
    seed: int
    sandbox_level: Text
    attested_share: Share | None = None  # None: nothing was executed
    not_shown: Text
    arms: tuple[Arm, ...] = ()
    groups: tuple[Group, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    touched: tuple[TouchedScore, ...] = ()
    evolution: Evolution | None = None
    evol_stop: EvolStop | None = None  # None: the number of rounds was given
    cleaning: Cleaning | None = None
    lineages: tuple[Lineage, ...] = ()
    stages: tuple[StageCost, ...] = ()
    development: Text = ""  # what checkpoints were chosen by; "" where the last ones were taken
    deviations: tuple[Deviation, ...] = ()
    facts: tuple[Fact, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError(f"two arms have the same name (got {', '.join(names)})")
        for c in self.comparisons:
            for name in (c.arm_a, c.arm_b):
                if self.score(name, c.benchmark, c.group) is None:
                    where = f"{c.benchmark} {c.group}".strip()
                    raise ValueError(f"a comparison on {where} needs a score of arm {name!r} there")
        return self

    def score(self, arm: str, benchmark: str, group: str) -> GroupScore | None:
        """The score of an arm on a group, if it was measured."""
        scores = (score for a in self.arms if a.name == arm for score in a.scores)
        return next((s for s in scores if (s.benchmark, s.group) == (benchmark, group)), None)

    def scored_groups(self) -> tuple[Group, ...]:
        """Every group that any arm has a score on, in the order of the report."""
        scored = dict.fromkeys((s.benchmark, s.group) for arm in self.arms for s in arm.scores)
        named = {(g.benchmark, g.name): g for g in self.groups}
        order = [key for key in named if key in scored]
        order += [key for key in scored if key not in named]
        return tuple(named.get(key) or _unnamed(*key) for key in order)

    def group(self, benchmark: str, name: str) -> Group:
        """The group in words."""
        found = (g for g in self.groups if (g.benchmark, g.name) == (benchmark, name))
        return next(found, None) or _unnamed(benchmark, name)


def _unnamed(benchmark: str, name: str) -> Group:
    return Group(benchmark=benchmark, name=name, label=f"{benchmark} {name}".strip())
