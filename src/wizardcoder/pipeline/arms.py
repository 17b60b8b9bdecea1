"""Arms: named training sets. An arm selects rounds; a control is a data set of its own.

seed       the seeds
round-N    the seeds and the rounds 1 to N, merged
only-N     round N alone
final      the seeds and all rounds
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizardcoder.recipe import Recipe
from wizardcoder.records import Record
from wizardcoder.storage import stream_parquet

BASE = "base"


def rounds_of(arm: str, recipe: Recipe) -> int | None:
    """The last round that an arm of the main data selects; None for `base` and controls.

    >>> rounds_of("round-2", Recipe()), rounds_of("only-2", Recipe())
    (2, 2)
    """
    if arm == "seed":
        return 0
    if arm == "final":
        return recipe.most_rounds
    if arm.startswith(("round-", "only-")) and arm not in recipe.controls:
        return int(arm.partition("-")[2])
    return None


def is_alone(arm: str) -> bool:
    """Whether an arm is one round without those before it."""
    return arm.startswith("only-")


def select(records: Iterable[Record], rounds: int, *, alone: bool = False) -> Iterator[Record]:
    """The seeds and the first `rounds` rounds, merged (paper, 3.2), or that one round alone."""
    if alone:
        return (record for record in records if record.round == rounds)
    return (record for record in records if record.round <= rounds)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The records of an arm, read from a clean table a row at a time, again and again.

    `rounds` and `alone` as in `select` (None: all of the table), `count` and `seed` as in `draw`,
    which alone holds them all.
    """

    table: Path
    rounds: int | None
    alone: bool
    count: int | None
    seed: int

    def __iter__(self) -> Iterator[Record]:
        found = stream_parquet(self.table, Record)
        if self.rounds is not None:
            found = select(found, self.rounds, alone=self.alone)
        return found if self.count is None else iter(draw(list(found), self.count, self.seed))


def draw(records: Sequence[Record], count: int | None, seed: int) -> list[Record]:
    """`count` of the records (None: all), in their order. A larger draw holds every smaller one."""
    if count is None or count >= len(records):
        return list(records)

    def place(index: int) -> bytes:
        return hashlib.blake2b(f"{seed}/{records[index].id}".encode(), digest_size=8).digest()

    return [records[index] for index in sorted(sorted(range(len(records)), key=place)[:count])]


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
