"""Asking the teachers of a recipe: with a ledger, within a budget, or from the ledger alone."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.errors import BudgetError, RecipeError
from wizardcoder.pipeline import names
from wizardcoder.recipe import Budget as Limits
from wizardcoder.recipe import Recipe
from wizardcoder.teacher import Ledger
from wizardcoder.teacher.budget import Budget
from wizardcoder.teacher.prices import price_of

if TYPE_CHECKING:
    from wizardcoder.teacher import Teacher


@contextmanager
def asking(
    run: Path,
    recipe: Recipe,
    *,
    ledger: Path | None,
    began: float,
    replay: bool = False,
    open_teachers: Callable[..., list[Teacher]] = names.open_teachers,
) -> Iterator[list[Teacher]]:
    """The teachers of a recipe, for as long as the ledger is open.

    `ledger` None: the run's own, and all that it holds counts against the budget. A ledger that
    runs share knows no runs: there, what was sent since `began` (seconds since 1970) counts.
    Raises RecipeError when dollars are limited and a price is not known, and turns a BudgetError
    into one that says how to go on.
    """
    check_prices(recipe)
    with Ledger(ledger or run / "ledger.sqlite") as book:
        budget = None
        if recipe.budget != Limits():
            spent = book.spent(began if ledger else 0.0)
            budget = Budget(recipe.budget, spent, began=began)
        try:
            yield open_teachers(recipe, book, budget, replay=replay)
        except BudgetError as error:
            if budget is None or budget.ended_by is None:
                raise
            way = _way_on(run, recipe, ledger, budget.ended_by, budget.needed)
            raise BudgetError(f"{error}; to go on: {way}") from None


def check_prices(recipe: Recipe) -> None:
    """Raise RecipeError when dollars are limited and a teacher's price is not known."""
    if recipe.budget.max_usd is None:
        return
    for options in (recipe.teacher, *recipe.teachers):
        if price_of(options) is None:
            raise RecipeError(
                f"max_usd = {recipe.budget.max_usd:g} cannot be kept: the price of "
                f"{options.model!r} at {options.endpoint} is not known; set both "
                "teacher.usd_per_million_prompt_tokens and "
                "teacher.usd_per_million_completion_tokens, or limit --max-tokens instead"
            )


def _way_on(run: Path, recipe: Recipe, ledger: Path | None, ended: str, needed: float) -> str:
    """The command that goes on, with twice the limit where the old one is used up for good.

    `needed`: what the limit would have had to be for one more call.
    """
    more = getattr(recipe.budget, ended)
    if not ledger and ended != "max_hours":
        more *= 2
    if needed > more:  # what is spent may have been spent under a higher limit
        more = ceil(200 * needed) / 100
    option = f"--{ended.replace('_', '-')} {more:.15g}"
    if recipe.evolve.rounds == "auto" or not (run / "recipe.toml").is_file():
        return f"the same command with {option}"  # a whole run, or none yet
    stage = "evolve" if (run / "seeds" / "manifest.json").is_file() else "seeds"
    book = f" --ledger {shlex.quote(str(ledger))}" if ledger else ""
    return f"wizardcoder {stage} {shlex.quote(str(run))} {option}{book}"
