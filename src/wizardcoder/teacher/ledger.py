"""The ledger: every call to a teacher, written down before it is sent and after it is answered.

One SQLite file, one writer, one row per attempt to send:

    sent → answered      the reply is committed before anybody uses it
         → refused       the server said no for now (429, 500, 503): nothing was paid
         → failed        the server said no for good, or does not speak the protocol
         → maybe_paid    the answer was lost (connection, gateway, kill): counted as cost

A call that waits for a batch or travels in one is `queued` (see `batches`) instead of `sent`.
A key is looked up before anything is sent, so that a committed reply is never paid for again.
Writes are grouped: whatever arrives while one commit is on its way to the disk shares the next.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import time
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from wizardcoder.errors import RunLockedError, StorageError, UsageError
from wizardcoder.storage import disk_errors, network_filesystem
from wizardcoder.teacher import batches
from wizardcoder.teacher.batches import Batch, Travelling
from wizardcoder.teacher.budget import Spent

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    teacher TEXT NOT NULL,
    sample INTEGER NOT NULL,
    status TEXT NOT NULL,
    request BLOB NOT NULL,
    reply BLOB,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    usd REAL NOT NULL DEFAULT 0,
    sent_at REAL NOT NULL,
    seconds REAL,
    note TEXT NOT NULL DEFAULT '',
    batch INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS answered ON calls (key) WHERE status = 'answered';
"""
_SEND = (
    "INSERT INTO calls (id, key, teacher, sample, status, request, usd, sent_at) "
    "VALUES (?,?,?,?,?,?,?,?)"
)
_END = (
    "UPDATE calls SET status=?, reply=?, prompt_tokens=?, completion_tokens=?, usd=?, seconds=?, "
    "note=? WHERE id=?"
)

_SPENT = """
SELECT ifnull(sum(usd), 0.0), ifnull(sum(
    CASE WHEN status IN ('refused', 'failed') OR prompt_tokens + completion_tokens > 0
    THEN prompt_tokens + completion_tokens
    ELSE length(request) + ifnull(json_extract(CAST(request AS TEXT), '$.max_tokens'), 0) END), 0)
FROM calls WHERE sent_at >= ? OR status = 'queued'
"""

Statement = tuple[str, Sequence[object]]


class _Batch(NamedTuple):
    statements: list[Statement]
    committed: asyncio.Future[None]


class Outcome(NamedTuple):
    """How one attempt to send ended."""

    status: str
    reply: bytes | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    note: str = ""

    @property
    def is_priced(self) -> bool:
        """Whether it says what it cost: a lost answer does not, nor one without `usage`."""
        if self.status == "answered":
            return self.prompt_tokens + self.completion_tokens > 0
        return self.status in {"refused", "failed"}


class LedgerTotals(NamedTuple):
    """What a ledger holds: attempts to send, by how they ended, tokens and dollars.

    `refused` counts the failed ones too; `usd` holds the worst case of what may have been paid.
    """

    calls: int
    answered: int
    refused: int
    maybe_paid: int
    prompt_tokens: int
    completion_tokens: int
    usd: float


class Ledger:
    """The ledger in a file; rows left `sent` by an earlier process become `maybe_paid`.

    Raises RunLockedError while another process has it open, StorageError when it cannot be used.
    A context manager: it is closed at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Calls on their way by key: whoever asks the same waits for the same reply.
        self.in_flight: dict[bytes, asyncio.Task[Any]] = {}
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = path.with_name(path.name + ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise RunLockedError(
                f"{path}: another process is writing this ledger; wait for it, or name another "
                "with --ledger"
            ) from None
        self._database = self._open()
        self._next_id: int = self._database.execute(
            "SELECT ifnull(max(id), 0) FROM calls"
        ).fetchone()[0]
        self._last_batch: int = self._database.execute(
            "SELECT ifnull(max(id), 0) FROM batches"
        ).fetchone()[0]
        self._reader = sqlite3.connect(path, isolation_level=None)  # sees what is committed only
        self._batch: _Batch | None = None
        self._committer: asyncio.Task[None] | None = None

    def _open(self) -> sqlite3.Connection:
        database = None
        try:
            database = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            shared = network_filesystem(self.path.parent)  # where a write-ahead log is not safe
            database.execute(f"PRAGMA journal_mode={'DELETE' if shared else 'WAL'}")
            database.execute("PRAGMA synchronous=FULL")
            database.executescript(_SCHEMA)
            batches.prepare(database)
            database.execute(
                "UPDATE calls SET status='maybe_paid', note='its process ended before the answer' "
                "WHERE status='sent'"
            )
        except sqlite3.Error as error:
            if database is not None:
                database.close()
            self._lock.close()
            raise StorageError(
                f"{self.path}: cannot be opened as a ledger: {error}; "
                "name another with --ledger, or move the file away"
            ) from None
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def find(self, key: bytes) -> bytes | None:
        """The committed reply for a key, if there is one."""
        query = "SELECT reply FROM calls WHERE key=? AND status='answered'"
        row = self._reader.execute(query, (key,)).fetchone()
        return None if row is None else row[0]

    async def begin(
        self,
        key: bytes,
        teacher: str,
        sample: int,
        request: bytes,
        worst_usd: float,
        *,
        queued: bool = False,
    ) -> int:
        """Write down that a request is about to be sent; returns the row's id once committed.

        `worst_usd` is what it costs at most: what stays written if nobody hears the answer.
        `queued`: it is not sent before it is part of a batch.
        """
        self._next_id += 1
        row_id = self._next_id
        status = "queued" if queued else "sent"
        row = (row_id, key, teacher, sample, status, request, worst_usd, time.time())
        await self._write((_SEND, row))
        return row_id

    async def end(self, row_id: int, outcome: Outcome, seconds: float) -> None:
        """Write down how an attempt ended; returns once committed."""
        status, reply, prompt_tokens, completion_tokens, usd, note = outcome
        values = (status, reply, prompt_tokens, completion_tokens, usd, seconds, note, row_id)
        await self._write((_END, values))

    async def begin_batch(self, endpoint: str, teacher: str, keys: Collection[bytes]) -> Batch:
        """A new batch of queued calls, committed before anything of it is uploaded."""
        self._last_batch += 1
        batch = Batch(
            id=self._last_batch,
            tag=uuid.uuid4().hex,
            endpoint=endpoint,
            teacher=teacher,
            requests=len(keys),
            input_file_id="",
            batch_id="",
            status="new",
            created_at=time.time(),
        )
        await self._write(*batches.insertion(batch, keys))
        return batch

    async def change_batch(self, batch: Batch) -> None:
        """Write down how a batch stands; returns once committed."""
        await self._write(batches.change(batch))

    def open_batches(self, endpoint: str, teacher: str) -> list[Batch]:
        """The batches of a teacher that hold calls without an answer, oldest first."""
        found = batches.select_open(self._reader)
        return [b for b in found if (b.endpoint, b.teacher) == (endpoint, teacher)]

    def abandon_batch(self, name: str) -> int:
        """Wait no longer for an open batch; returns how many calls may have been paid for nothing.

        `name` is the provider's id, or our tag. Raises UsageError when there is no such batch.
        """
        for batch in batches.select_open(self._reader):
            if name in {batch.batch_id, batch.tag}:
                calls = self.travelling(batch)
                self._execute(batches.abandonment(batch))
                return len(calls)
        raise UsageError(
            f"{self.path}: has no open batch {name!r}; `wizardcoder ledger show` names those it has"
        )

    def travelling(self, batch: Batch) -> list[Travelling]:
        """The calls of a batch that have no answer, in the order of its file."""
        return batches.select_calls(self._reader, batch)

    def totals(self, since_id: int = 0) -> LedgerTotals:
        """Sums over the rows after `since_id` (0: all of them)."""
        row = self._reader.execute(
            "SELECT count(*), ifnull(sum(status='answered'), 0), "
            "ifnull(sum(status IN ('refused', 'failed')), 0), "
            "ifnull(sum(status='maybe_paid'), 0), ifnull(sum(prompt_tokens), 0), "
            "ifnull(sum(completion_tokens), 0), ifnull(sum(usd), 0.0) FROM calls WHERE id > ?",
            (since_id,),
        ).fetchone()
        return LedgerTotals(*row)

    def spent(self, since: float = 0.0) -> Spent:
        """What was paid, at worst, by the calls sent at `since` (seconds since 1970) or later.

        Calls that travel in a batch count whenever they were sent. Where nobody heard what a call
        cost, its tokens are the worst case too.
        """
        row = self._reader.execute(_SPENT, (since,)).fetchone()
        return Spent(*row)

    @property
    def last_id(self) -> int:
        """The id of the newest row, to sum from there on later.

        Calls that travel in batches are still to come, and so are the rows after them.
        """
        oldest = self._reader.execute("SELECT min(id) FROM calls WHERE status='queued'").fetchone()
        return self._next_id if oldest[0] is None else int(oldest[0]) - 1

    async def flush(self) -> None:
        """Return when everything written so far is committed, or could not be."""
        if self._committer is not None and not self._committer.done():
            await asyncio.wait([self._committer])

    def close(self) -> None:
        """Close the file; `flush` first where writing may be under way."""
        self._reader.close()
        self._database.close()
        self._lock.close()

    async def _write(self, *statements: Statement) -> None:
        if self._batch is None:
            self._batch = _Batch([], asyncio.get_running_loop().create_future())
        batch = self._batch
        batch.statements.extend(statements)
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit_batches())
        await asyncio.shield(batch.committed)

    async def _commit_batches(self) -> None:
        while self._batch is not None:
            await asyncio.sleep(0)  # let everything that is ready now share this commit
            batch, self._batch = self._batch, None
            try:
                await asyncio.to_thread(self._execute, batch.statements)
            except Exception as error:  # whatever it is, those who wait must hear it
                batch.committed.set_exception(error)
            else:
                batch.committed.set_result(None)

    def _execute(self, statements: Sequence[Statement]) -> None:
        try:
            self._database.execute("BEGIN")
            for sql, values in statements:
                self._database.execute(sql, values)
            self._database.execute("COMMIT")
        except Exception as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                raise
            raise StorageError(
                f"{self.path}: the ledger cannot be written: {error}; every committed reply is "
                "kept: make room and run the same command again"
            ) from None
