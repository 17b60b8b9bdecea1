"""Arms: named training sets. An arm selects rounds; a control is a data set of its own."""

from __future__ import annotations

from collections.abc import Sequence

from wizardcoder.recipe import Recipe
from wizardcoder.records import Record

BASE = "base"


def rounds_of(arm: str, recipe: Recipe) -> int | None:
    """The last round that an arm of the main data selects; None for `base` and controls.

    >>> rounds_of("round-2", Recipe())
    2
    """
    if arm == "seed":
        return 0
    if arm == "final":
        return recipe.most_rounds
    if arm.startswith("round-") and arm not in recipe.controls:
        return int(arm.removeprefix("round-"))
    return None


def select(records: Sequence[Record], rounds: int) -> list[Record]:
    """The records of an arm that merges the seeds and the first `rounds` rounds (paper, 3.2)."""
    return [record for record in records if record.round <= rounds]


def kept(recipe: Recipe, best: int) -> list[str]:
    """The arms of a recipe with evol stop, when so many rounds are kept.

    Any `round-N` stands for all that are kept, `final` for the best of them, the last.

    >>> wanted = Recipe(arms=["base", "seed", "round-1"])
    >>> kept(wanted, best=2)
    ['base', 'seed', 'round-1', 'round-2']
    >>> kept(wanted.model_copy(update={"arms": ["seed", "final"]}), best=2)
    ['seed', 'round-2']
    """
    rounds = [f"round-{number}" for number in range(1, best + 1)]
    found: dict[str, None] = {}
    for arm in recipe.arms:
        if rounds_of(arm, recipe) in (None, 0):
            found[arm] = None
        else:
            found.update(dict.fromkeys(rounds[-1:] if arm == "final" else rounds))
    return list(found)
