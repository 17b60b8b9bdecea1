"""Asking the teachers of a recipe: with a ledger, within a budget, or from the ledger alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
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
    run: Path, recipe: Recipe, *, ledger: Path | None, began: float, replay: bool = False
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
            yield names.open_teachers(recipe, book, budget, replay=replay)
        except BudgetError as error:
            ended = budget.ended_by if budget else None
            if ended is None:
                raise
            way = _way_on(run, recipe.budget, ended, ledger)
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


def _way_on(run: Path, limits: Limits, ended: str, ledger: Path | None) -> str:
    """The command that goes on, with twice the limit where the old one is used up for good."""
    limit = getattr(limits, ended)
    more = limit if ledger or ended == "max_hours" else 2 * limit
    option = f"--{ended.replace('_', '-')} {more:.15g}"
    book = f" --ledger {shlex.quote(str(ledger))}" if ledger else ""
    return f"wizardcoder evolve {shlex.quote(str(run))} {option}{book}"
