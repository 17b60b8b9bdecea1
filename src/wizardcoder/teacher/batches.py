"""What the ledger knows of batches: which there are, and which calls travel in each.

    new → uploaded → validating, in_progress, … (the provider's words) → completed, failed, …
        → dropped     it was never created, so nobody pays for it
        → abandoned   the user waits no longer

A call that waits for a batch, or travels in one, is `queued`. It belongs to the batch from before
the upload on, so that a process that is killed at any moment leaves behind what the next one needs
to tell what was sent. A batch is open as long as one of its calls is queued.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from wizardcoder.errors import StorageError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY,
    tag TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    teacher TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_file_id TEXT NOT NULL DEFAULT '',
    batch_id TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    created_at REAL NOT NULL,
    ended_at REAL,
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS batched ON calls (batch) WHERE batch IS NOT NULL;
CREATE INDEX IF NOT EXISTS queued ON calls (key) WHERE status = 'queued';
"""
#: Calls whose batch was not even uploaded when their process ended: nobody has seen them.
_RELEASE = (
    (
        "UPDATE batches SET status='dropped', note='its process ended before it was uploaded' "
        "WHERE status='new'"
    ),
    (
        "UPDATE calls SET status='refused', usd=0, note='never sent: its process ended before' "
        "WHERE status='queued' AND (batch IS NULL "
        "OR batch IN (SELECT id FROM batches WHERE status='dropped'))"
    ),
)
_INSERT = (
    "INSERT INTO batches (id, tag, endpoint, teacher, requests, input_file_id, batch_id, status, "
    "created_at, ended_at, note) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
_UPDATE = "UPDATE batches SET input_file_id=?, batch_id=?, status=?, ended_at=?, note=? WHERE id=?"
_OPEN = (
    "SELECT id, tag, endpoint, teacher, requests, input_file_id, batch_id, status, created_at, "
    "ended_at, note FROM batches WHERE EXISTS "
    "(SELECT 1 FROM calls WHERE calls.batch = batches.id AND calls.status = 'queued') ORDER BY id"
)

Statement = tuple[str, Sequence[object]]


class Batch(NamedTuple):
    """A batch as the ledger knows it. `id` and `tag` are our own names for it, `batch_id` and
    `input_file_id` the provider's ("" until it has given them); times are seconds since 1970.
    """

    id: int
    tag: str
    endpoint: str
    teacher: str
    requests: int
    input_file_id: str
    batch_id: str
    status: str
    created_at: float
    ended_at: float | None = None
    note: str = ""


class Travelling(NamedTuple):
    """A call without an answer in an open batch: `id` is its row's, `usd` its worst case."""

    id: int
    key: bytes
    sample: int
    request: bytes
    usd: float


def prepare(database: sqlite3.Connection) -> None:
    """Make room for batches in a ledger, and let go of calls that never left."""
    if "batch" not in {column[1] for column in database.execute("PRAGMA table_info(calls)")}:
        database.execute("ALTER TABLE calls ADD COLUMN batch INTEGER")
    database.executescript(_SCHEMA)
    for statement in _RELEASE:
        database.execute(statement)


def insertion(batch: Batch, keys: Iterable[bytes]) -> Iterator[Statement]:
    """What writes a new batch with the keys of its calls, which are queued."""
    yield _INSERT, batch
    for key in keys:
        yield "UPDATE calls SET batch=? WHERE key=? AND status='queued'", (batch.id, key)


def change(batch: Batch) -> Statement:
    """What writes how a batch stands now."""
    return _UPDATE, (
        *(batch.input_file_id, batch.batch_id, batch.status, batch.ended_at, batch.note),
        batch.id,
    )


def abandonment(batch: Batch) -> list[Statement]:
    """What gives a batch up: what it may have cost stays written."""
    note = "its batch was abandoned"
    update = "UPDATE calls SET status='maybe_paid', note=? WHERE batch=? AND status='queued'"
    ended = batch._replace(status="abandoned", ended_at=time.time())
    return [(update, (note, batch.id)), change(ended)]


def select_open(database: sqlite3.Connection) -> list[Batch]:
    """The batches that have calls without an answer, oldest first."""
    return [Batch(*row) for row in database.execute(_OPEN)]


def select_calls(database: sqlite3.Connection, batch: Batch) -> list[Travelling]:
    """The calls of a batch that have no answer, in the order of its file."""
    query = (
        "SELECT id, key, sample, request, usd FROM calls "
        "WHERE batch=? AND status='queued' ORDER BY key"
    )
    return [Travelling(*row) for row in database.execute(query, (batch.id,))]


def open_batches(ledger: Path) -> list[Batch]:
    """The batches of a ledger that have calls without an answer; it may be in use.

    Raises StorageError when the file cannot be read. There are none in a file that is not there.
    """
    if not ledger.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
            return select_open(database) if "batches" in tables else []
    except sqlite3.Error as error:
        raise StorageError(f"{ledger}: cannot be read as a ledger: {error}") from None
