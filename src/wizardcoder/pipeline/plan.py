"""What a recipe will do, before anything is sent or trained."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder import evolve
from wizardcoder.pipeline import names, paid_sample
from wizardcoder.pipeline.estimate import Estimate, Sample, Usage, estimate
from wizardcoder.pipeline.evolving import plan_of
from wizardcoder.pipeline.trials import verifying
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Recipe
from wizardcoder.records import Record
from wizardcoder.storage import read_parquet

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from wizardcoder.teacher import Teacher

_WIDTH = 80  # characters of a remark's line


def plan_evolve(recipe: Recipe, seeds: Sequence[Record], sample: Sample | None = None) -> Estimate:
    """What evolving these seeds takes, the controls that are evolved anew included."""
    evolved = [c for n, c in recipe.controls.items() if c.operations and n in recipe.arms]
    return estimate(recipe, _plan(recipe), seeds, sample, data_sets=1 + len(evolved))


def take_sample(
    recipe: Recipe,
    seeds: Sequence[Record],
    count: int,
    asking: AbstractContextManager[list[Teacher]],
    progress: Progress = silent,
) -> Sample:
    """Evolve `count` of the seeds in earnest, and pay for it; the run then need not.

    Raises what evolving raises, BudgetError included.
    """
    chosen = paid_sample.choose(seeds, count)
    with asking as teachers, verifying(recipe) as verify:
        return paid_sample.take(
            chosen,
            _plan(recipe),
            teachers,
            verify,
            lambda done: progress(done, len(chosen), ""),
        )


def read_seeds(recipe: Recipe, data: Path | None, run: Path | None = None) -> list[Record]:
    """The seeds of a recipe, or those that a run has already made.

    Raises MissingDataError when they are not at hand.
    """
    made = run / "seeds" / "records.parquet" if run else None
    return read_parquet(made, Record) if made and made.exists() else names.read_seeds(recipe, data)


def describe(
    recipe: Recipe, seeds: Sequence[Record], found: Estimate, part: str = "all"
) -> Iterator[str]:
    """Line by line: calls, tokens, dollars and hours, and what is trained and scored.

    `part`: `evolve`, `train` or `all`.
    """
    teachers = ", ".join(each.model for each in (recipe.teacher, *recipe.teachers))
    yield f"recipe  {recipe.name}: arms {', '.join(recipe.arms)}"
    if part in ("evolve", "all"):
        yield (
            f"seeds   {found.seeds:,} from {recipe.seeds.source} ({_licences(seeds)}), "
            f"{found.characters:,.0f} characters on average"
        )
        yield f"evolve  {found.rounds} rounds, {found.attempts:,} attempts, asking {teachers}"
        yield from (f"        {line}" for line in _figures(found))
        if (embedding := recipe.clean.embedding).enabled:
            yield (
                f"clean   {embedding.nearest} more calls for each problem of "
                f"{', '.join(recipe.clean.benchmarks)}, twice as many at most"
            )
    if part in ("train", "all"):
        yield f"train   {_training(recipe)} from {recipe.base.model}"
        yield f"score   {', '.join(recipe.evaluate.benchmarks)}, n = {recipe.generate.n}"


def _plan(recipe: Recipe) -> evolve.Plan:
    return plan_of(recipe, recipe.evolve.operations, recipe.most_rounds)


def _figures(found: Estimate) -> Iterator[str]:
    interval = f"  {'95 % interval':>27}" if found.interval else ""
    yield f"{'':<20}{'expected':>16}  {'at most':>16}{interval}"
    for title, field in (
        ("calls", "calls"),
        ("prompt tokens", "prompt_tokens"),
        ("completion tokens", "completion_tokens"),
        ("dollars", "usd"),
    ):
        ends = (
            ""
            if found.interval is None
            else " to ".join(f"{_figure(end, field):>12}" for end in found.interval)
        )
        yield (
            f"{title:<20}{_figure(found.expected, field):>16}  {_figure(found.worst, field):>16}"
            f"  {ends}"
        ).rstrip()
    yield f"{'hours':<20}{_hours(found)}"
    if found.expected.usd is None:
        yield "a price is not known: set teacher.usd_per_million_prompt_tokens, _completion_tokens"
    if found.acceptance is not None:
        yield f"{found.acceptance:.1%} of the sampled attempts were accepted"
    yield from textwrap.wrap(f"{found.basis}; without what has to be sent again", _WIDTH)


def _figure(usage: Usage, field: str) -> str:
    value = getattr(usage, field)
    if value is None:
        return "unknown"
    return f"${value:,.2f}" if field == "usd" else f"{value:,.0f}"


def _hours(found: Estimate) -> str:
    if found.hours is None:
        return (
            f"{'unknown':>16}  {found.most_hours:>16,.0f}  (batches: a day at most for each step)"
        )
    return f"{found.hours:>16,.3f}"


def _licences(seeds: Sequence[Record]) -> str:
    return ", ".join(sorted({seed.licence for seed in seeds})) or "none"


def _training(recipe: Recipe) -> str:
    options = recipe.train
    amount = (
        f"{options.label_tokens:,} label tokens"
        if options.label_tokens
        else f"{options.epochs} epochs"
        if options.epochs
        else f"{options.steps} steps"
    )
    tuned = len([arm for arm in recipe.arms if arm != "base"])
    return f"{tuned} arms of {amount} ({options.rows_per_step} × {options.length_tokens} tokens)"
