"""How a stage says how far it is. Who listens (a terminal, a log, nobody) is not its business."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work advances; cheap enough to be called for every unit of work."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` units (None: unknown) are finished; `note` is shown beside them."""


def silent(done: int, total: int | None, note: str = "") -> None:
    """Nobody listens."""
