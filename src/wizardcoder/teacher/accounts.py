"""What a ledger holds, read while another process may be writing it.

with reading(path) as database:
    account = summary(database)
    for call in calls(database): ...
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from wizardcoder.errors import StorageError, UsageError
from wizardcoder.storage import Json
from wizardcoder.teacher import batches

FILE_NAME = "ledger.sqlite"
_NOTES_SHOWN = 10

_SUMS = (
    "count(*), ifnull(sum(prompt_tokens), 0), ifnull(sum(completion_tokens), 0), "
    "ifnull(sum(usd), 0.0)"
)


class Sums(NamedTuple):
    """Calls of one kind, their tokens and dollars; dollars at worst where nobody heard."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float


class Note(NamedTuple):
    """Why calls were not answered: the same words, and how often."""

    status: str
    note: str
    calls: int


class Summary(NamedTuple):
    """A ledger in figures. Days are UTC, as 2026-11-23; seconds are means per answered call."""

    total: Sums
    statuses: Mapping[str, Sums]
    teachers: Mapping[str, Sums]
    days: Mapping[str, Sums]
    mean_seconds: float | None
    notes: tuple[Note, ...]
    open_batches: tuple[batches.Batch, ...]


def locate(place: Path) -> Path:
    """The ledger that a path names: a file, or that of a run folder.

    Raises UsageError when there is none.
    """
    file = place / FILE_NAME if place.is_dir() else place
    if not file.is_file():
        raise UsageError(f"{file}: no such ledger; name a ledger file or a run folder")
    return file


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The ledger, open for reading only. Raises StorageError when the file is none."""
    with closing(_connect(path)) as database:
        try:
            database.execute("SELECT id, key, reply, usd FROM calls LIMIT 1")
            yield database
        except sqlite3.Error as error:
            raise StorageError(f"{path}: cannot be read as a ledger: {error}") from None


def _connect(path: Path) -> sqlite3.Connection:
    mode = "ro"
    if not path.with_name(path.name + "-wal").exists() and not os.access(path.parent, os.W_OK):
        mode = "ro&immutable=1"  # SQLite wants to write beside a file that may change
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)


def summary(database: sqlite3.Connection) -> Summary:
    """Sums over all calls, by status, teacher and day, and what went wrong most often."""
    notes = (
        "SELECT status, note, count(*) FROM calls WHERE note != '' AND status != 'answered' "
        "GROUP BY status, note ORDER BY count(*) DESC, status, note LIMIT ?"
    )
    return Summary(
        total=Sums(*database.execute(f"SELECT {_SUMS} FROM calls").fetchone()),
        statuses=_grouped(database, "status"),
        teachers=_grouped(database, "teacher"),
        days=_grouped(database, "date(sent_at, 'unixepoch')"),
        mean_seconds=mean_seconds(database),
        notes=tuple(Note(*row) for row in database.execute(notes, (_NOTES_SHOWN,))),
        open_batches=tuple(batches.select_open(database)) if _has_batches(database) else (),
    )


def calls(database: sqlite3.Connection, status: str | None = None) -> Iterator[Json]:
    """Every attempt to send, oldest first: request, reply and what it cost.

    Bodies are decoded; one that is not JSON is left as text. `status`: only calls of that one.
    """
    rows = database.execute(
        "SELECT id, key, teacher, sample, status, request, reply, prompt_tokens, "
        "completion_tokens, usd, sent_at, seconds, note FROM calls "
        "WHERE ?1 IS NULL OR status = ?1 ORDER BY id",
        (status,),
    )
    names = [column[0] for column in rows.description]
    for row in rows:
        call = dict(zip(names, row, strict=True))
        call["key"] = call["key"].hex()
        call["request"], call["reply"] = _decoded(call["request"]), _decoded(call["reply"])
        call["sent_at"] = datetime.fromtimestamp(call["sent_at"], UTC).isoformat()
        yield call


def _grouped(database: sqlite3.Connection, by: str) -> dict[str, Sums]:
    rows = database.execute(f"SELECT {by}, {_SUMS} FROM calls GROUP BY 1 ORDER BY 1")
    return {name: Sums(*sums) for name, *sums in rows}


def _has_batches(database: sqlite3.Connection) -> bool:
    """Whether it was written since there are batches."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'batches'"
    return database.execute(query).fetchone() is not None


def _decoded(body: bytes | None) -> object:
    if body is None:
        return None
    try:
        decoded: object = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return decoded


def mean_seconds(database: sqlite3.Connection, teacher: str | None = None) -> float | None:
    """How long an answer took on average, of one model or of all; None: there was none."""
    query = (
        "SELECT avg(seconds) FROM calls WHERE status = 'answered' AND (?1 IS NULL OR teacher = ?1)"
    )
    found: float | None = database.execute(query, (teacher,)).fetchone()[0]
    return found
