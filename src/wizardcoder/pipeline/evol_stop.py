"""Evol stop: as many rounds of evolving as help, measured on a development set (paper, section 4).

The rule. After each round a model is tuned on all rounds so far and scored. A round falls when the
95 % interval of its paired difference to the best round so far lies wholly below zero; then, or
after the most rounds allowed, evolving stops. The best round has the highest pass@1, the earlier
of two that are equal; it and the rounds before it are kept. The first round is always kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Literal

from wizardcoder import scoring
from wizardcoder.errors import InputError, RecipeError
from wizardcoder.recipe import Recipe
from wizardcoder.storage import write_text

#: Benchmarks that evolving may be stopped by. A test set would be trained towards.
DEVELOPMENT_SETS = ("mbpp-dev", "miniature-dev")
_FILE = "evol_stop.json"

Reason = Literal["", "fell", "max_rounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRound:
    """pass@1 of the model of one round, and its paired difference to the best round before it.

    Intervals are of 95 %. The first round differs by nothing from itself.
    """

    round: int
    rate: float
    low: float
    high: float
    best_before: int
    difference: float
    difference_low: float
    difference_high: float

    @property
    def fell(self) -> bool:
        """Whether it is worse than the best round before it, beyond the noise."""
        return self.difference_high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvolStop:
    """The rounds tried, the best of them, and why there are no more; "" while there may be."""

    benchmark: str
    rounds: tuple[ScoredRound, ...] = ()
    best: int = 0
    stopped: Reason = ""


def search(
    benchmark: str,
    max_rounds: int,
    score: Callable[[int], Sequence[float]],
    on_round: Callable[[EvolStop], None] = lambda found: None,
) -> EvolStop:
    """Try rounds until one falls, or there may be no more.

    `score(n)` tunes and scores round n: pass@1 of every problem, in the same order each time, NaN
    where it is not known; what is not known of one of two rounds says nothing of either.
    `on_round` sees what was found after each round.
    """
    found = EvolStop(benchmark=benchmark)
    scores: list[Sequence[float]] = []
    while not found.stopped:
        scores.append(score(len(scores) + 1))
        found = _after(found, scores, max_rounds)
        on_round(found)
    return found


def _after(found: EvolStop, scores: Sequence[Sequence[float]], max_rounds: int) -> EvolStop:
    """What is found once the last of the scores is known too."""
    best, new = max(found.best, 1), len(scores)
    scored = _compare(best, scores[best - 1], new, scores[-1])
    stopped: Reason = "fell" if scored.fell else "max_rounds" if new == max_rounds else ""
    return replace(
        found,
        rounds=(*found.rounds, scored),
        best=new if scored.difference > 0 else best,
        stopped=stopped,
    )


def _compare(
    best: int, best_scores: Sequence[float], new: int, scores: Sequence[float]
) -> ScoredRound:
    pairs = zip(best_scores, scores, strict=True)
    both = [(before, after) for before, after in pairs if not isnan(before + after)]
    known = [rate for rate in scores if not isnan(rate)]
    difference = scoring.paired_difference(*zip(*both, strict=True), seed=0)
    interval = scoring.bootstrap_interval(known, seed=0)
    return ScoredRound(
        round=new,
        rate=fmean(known),
        low=interval.low,
        high=interval.high,
        best_before=best,
        difference=difference.mean,
        difference_low=difference.interval.low,
        difference_high=difference.interval.high,
    )


def write(run: Path, found: EvolStop) -> None:
    """Write what was found into the run folder."""
    write_text(run / _FILE, json.dumps(asdict(found), indent=2) + "\n")


def read(run: Path) -> EvolStop | None:
    """What was found in a run folder so far. Raises InputError for a file that says nothing."""
    path = run / _FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        rounds = tuple(ScoredRound(**each) for each in table.pop("rounds"))
        return EvolStop(**table, rounds=rounds)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            path, problem=f"cannot be read: {error}", mend="remove it and run again"
        ) from None


def check(recipe: Recipe) -> None:
    """Raises RecipeError where rounds or checkpoints would be chosen by no development set."""
    name = recipe.evolve.stop.benchmark
    chooses = recipe.evolve.rounds == "auto" or recipe.train.score_every_steps
    if chooses and name not in DEVELOPMENT_SETS:
        raise RecipeError(
            f"evolve.stop.benchmark = {name!r}: models are chosen by a development set, never by "
            f"one that the result is tested on; known: {', '.join(DEVELOPMENT_SETS)}"
        )
    if recipe.train.score_every_steps and recipe.generate.engine == "endpoint":
        raise RecipeError(
            "train.score_every_steps samples the model in training, and generate.engine = "
            "'endpoint' asks another one: set generate.engine = 'transformers', or "
            "train.score_every_steps = 0"
        )
