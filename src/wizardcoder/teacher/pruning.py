"""Forgetting calls that help nobody any more, so that a ledger takes less room."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from wizardcoder.errors import StorageError, UsageError
from wizardcoder.teacher.accounts import reading
from wizardcoder.teacher.ledger import Ledger

#: What a call can have come to. Those on their way, `sent` and `queued`, are never forgotten.
PRUNABLE = ("refused", "failed", "maybe_paid", "answered")
#: Calls that cost nothing and answer nothing.
WORTHLESS = ("refused", "failed")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which calls to forget: all that every condition holds for.

    `before` is in seconds since 1970; `teacher` a model. To forget `answered` calls is to pay for
    them again when they are asked again, to forget `maybe_paid` ones to leave their cost out of the
    accounts.
    """

    statuses: tuple[str, ...] = WORTHLESS
    teacher: str | None = None
    before: float | None = None

    def __post_init__(self) -> None:
        for status in self.statuses:
            if status not in PRUNABLE:
                raise UsageError(
                    f"calls that are {status!r} cannot be pruned; known: {', '.join(PRUNABLE)}"
                )

    @property
    def condition(self) -> tuple[str, list[object]]:
        """As SQL with its values. The newest row stays: its id must not be given out twice."""
        marks = ", ".join("?" * len(self.statuses))
        parts = [f"status IN ({marks})", "id < (SELECT max(id) FROM calls)"]
        values: list[object] = [*self.statuses]
        if self.teacher is not None:
            parts.append("teacher = ?")
            values.append(self.teacher)
        if self.before is not None:
            parts.append("sent_at < ?")
            values.append(self.before)
        return " AND ".join(parts), values


class Pruned(NamedTuple):
    """What was, or would be, forgotten; bytes are those of requests, replies and notes."""

    calls: int
    usd: float
    bytes: int


def preview(path: Path, choice: Choice) -> Pruned:
    """What pruning would forget; nothing is changed."""
    with reading(path) as database:
        return _count(database, choice)


def prune(path: Path, choice: Choice) -> Pruned:
    """Forget calls, all or none, and give their room back to the disk.

    Raises RunLockedError while another process writes the ledger, StorageError when the disk
    refuses.
    """
    with Ledger(path), closing(sqlite3.connect(path, isolation_level=None)) as database:
        where, values = choice.condition
        try:
            database.execute("BEGIN IMMEDIATE")
            found = _count(database, choice)
            database.execute(f"DELETE FROM calls WHERE {where}", values)
            database.execute("COMMIT")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StorageError(f"{path}: cannot be pruned: {error}; make room and retry") from None
        return found


def _count(database: sqlite3.Connection, choice: Choice) -> Pruned:
    where, values = choice.condition
    sizes = "length(request) + ifnull(length(reply), 0) + length(note)"
    row: Iterable[float] = database.execute(
        f"SELECT count(*), ifnull(sum(usd), 0.0), ifnull(sum({sizes}), 0) FROM calls WHERE {where}",
        values,
    ).fetchone()
    calls, usd, size = row
    return Pruned(int(calls), usd, int(size))
