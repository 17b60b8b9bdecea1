"""What the ledger has promised to know, it knows, whatever happens next."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault_server import Call, FaultServer, Reaction, say, teaching
from wizardcoder.errors import RunLockedError, StorageError
from wizardcoder.teacher.ledger import Ledger, Outcome

KEY, REQUEST, REPLY = b"k" * 32, b'{"model": "m"}', b'{"choices": []}'
ANSWERED = Outcome("answered", REPLY, prompt_tokens=3, completion_tokens=4, usd=0.5)


def rows(path: Path) -> list[tuple[str, bytes | None]]:
    """Status and reply of every call, as another process sees them."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT status, reply FROM calls ORDER BY id").fetchall()


async def begin(ledger: Ledger, key: bytes = KEY) -> int:
    return await ledger.begin(key, "m", 0, REQUEST, worst_usd=2.0)


async def call(ledger: Ledger, outcome: Outcome = ANSWERED, key: bytes = KEY) -> None:
    await ledger.end(await begin(ledger, key), outcome, seconds=0.1)


def test_a_call_is_on_disk_before_it_is_sent_and_answered_before_it_is_used(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite"
    seen: list[list[tuple[str, bytes | None]]] = []

    def look(call: Call) -> Reaction:
        seen.append(rows(path))
        return say("4")

    async def ask(endpoint: str) -> None:
        async with teaching(endpoint, path) as teacher:
            await teacher.ask("2 + 2?")
            seen.append(rows(path))

    with FaultServer(look) as server:
        asyncio.run(ask(server.endpoint))
    assert seen == [[("sent", None)], [("answered", say("4").body)]]


def test_only_a_committed_reply_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"

    async def work(ledger: Ledger) -> tuple[bytes | None, bytes | None]:
        row = await begin(ledger)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody can commit while this is held
            ending = asyncio.create_task(ledger.end(row, ANSWERED, 0.1))
            await asyncio.sleep(0.05)
            before = ledger.find(KEY)
            other.execute("ROLLBACK")
        await ending
        return before, ledger.find(KEY)

    with Ledger(path) as ledger:
        assert asyncio.run(work(ledger)) == (None, REPLY)


@pytest.mark.parametrize("status", ["refused", "failed", "maybe_paid"])
def test_a_call_without_a_reply_is_not_found(tmp_path: Path, status: str) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        asyncio.run(call(ledger, Outcome(status)))
        assert ledger.find(KEY) is None


def test_what_a_dead_process_had_sent_may_be_paid_and_counts_its_worst_case(
    tmp_path: Path,
) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        asyncio.run(begin(ledger))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        totals = ledger.totals()
        assert (totals.calls, totals.maybe_paid, totals.usd) == (1, 1, 2.0)
        assert ledger.find(KEY) is None


def test_totals_add_up_and_can_begin_later(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> int:
        await call(ledger)
        middle = ledger.last_id
        await call(ledger, Outcome("refused"), b"2")
        await call(ledger, Outcome("failed"), b"3")
        await call(ledger, Outcome("maybe_paid", usd=1.5), b"4")
        return middle

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        middle = asyncio.run(work(ledger))
        assert ledger.totals() == (4, 1, 2, 1, 3, 4, 2.0)
        assert ledger.totals(since_id=middle) == (3, 0, 2, 1, 0, 0, 1.5)


def test_the_cost_of_an_empty_ledger_is_nothing(tmp_path: Path) -> None:
    with Ledger(tmp_path / "new" / "folder" / "ledger.sqlite") as ledger:
        assert (ledger.last_id, ledger.totals()) == (0, (0, 0, 0, 0, 0, 0, 0.0))


def test_writing_goes_on_in_a_second_event_loop(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for key in (b"1", b"2"):
            asyncio.run(call(ledger, key=key))
            asyncio.run(ledger.flush())
        assert ledger.totals().answered == 2


def test_flushing_commits_what_nobody_waits_for(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        row = await begin(ledger)
        ending = asyncio.create_task(ledger.end(row, ANSWERED, 0.1))
        await asyncio.sleep(0)
        ending.cancel()
        await ledger.flush()

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        asyncio.run(work(ledger))
        assert ledger.find(KEY) == REPLY


def test_the_index_keeps_a_second_reply_out_and_the_ledger_usable(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        await call(ledger)
        with pytest.raises(StorageError, match="UNIQUE constraint"):
            await call(ledger)
        await call(ledger, key=b"other")

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        asyncio.run(work(ledger))
        assert ledger.totals().answered == 2


def test_a_value_that_sqlite_refuses_leaves_the_ledger_usable(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        with pytest.raises(OverflowError):
            await call(ledger, Outcome("answered", REPLY, prompt_tokens=2**70))
        await call(ledger, key=b"other")

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        asyncio.run(work(ledger))
        assert ledger.totals().answered == 1


# Opening


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path), pytest.raises(RunLockedError, match=r"ledger\.sqlite: another process"):
        Ledger(path)
    Ledger(path).close()


def test_a_file_that_is_no_ledger_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("not a database, but long enough to look like one" * 99)
    before = path.read_bytes()
    for _ in range(2):  # the lock was given back
        with pytest.raises(StorageError, match=r"ledger\.sqlite: cannot be opened as a ledger"):
            Ledger(path)
    assert path.read_bytes() == before


def journal(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        mode: str = database.execute("PRAGMA journal_mode").fetchone()[0]
    return mode


def test_on_a_network_file_system_there_is_no_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        asyncio.run(call(ledger, key=b"1"))
    assert journal(path) == "wal"
    monkeypatch.setattr("wizardcoder.teacher.ledger.network_filesystem", lambda path: "nfs4")
    with Ledger(path) as ledger:
        assert ledger.find(b"1") == REPLY
        asyncio.run(call(ledger, key=b"2"))
        assert ledger.find(b"2") == REPLY
    assert journal(path) == "delete"


# A full disk

FILL = """
import asyncio, resource, sys
from pathlib import Path
from wizardcoder.errors import StorageError
from wizardcoder.teacher.ledger import Ledger, Outcome

async def fill(ledger):
    for number in range(1000):
        key = b"%d" % number
        row = await ledger.begin(key, "m", 0, b"{}", 1.0)
        await ledger.end(row, Outcome("answered", b"x" * 20_000), 0.1)
        print(number, flush=True)

resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    asyncio.run(fill(Ledger(Path(sys.argv[1]))))
except StorageError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def test_a_full_disk_is_a_clear_error_and_loses_nothing_committed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    filled = subprocess.run(
        [sys.executable, "-c", FILL, str(path)], capture_output=True, text=True, check=False
    )
    assert filled.returncode == 2, filled.stderr
    assert "every committed reply is kept: make room and run the same command" in filled.stderr
    kept = filled.stdout.split()
    assert 5 < len(kept) < 1000
    with Ledger(path) as ledger:
        assert [key for key in kept if ledger.find(key.encode()) != b"x" * 20_000] == []
        assert ledger.totals().answered == len(kept)
