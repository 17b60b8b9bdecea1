"""How a stage says how far it is. Who listens (a terminal, a log, nobody) is not its business."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Called as work advances; cheap enough to be called for every unit of work."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` units (None: unknown) are finished; `note` is shown beside them."""


#: Hands out the Progress of a named task; silent ones are fine.
Watch = Callable[[str], Progress]


def silent(done: int, total: int | None, note: str = "") -> None:
    """Nobody listens."""


def unwatched(task: str) -> Progress:
    """Nobody watches."""
    return silent
