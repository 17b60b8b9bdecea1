"""`wizardcoder ledger` shows, exports and prunes what was asked, and promises what it keeps."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wizardcoder.cli.app import run
from wizardcoder.teacher import Ledger
from wizardcoder.teacher.ledger import Outcome

pytestmark = pytest.mark.usefixtures("quiet")

REQUEST = b'{"model":"m","messages":[{"role":"user","content":"2 + 2?"}],"max_tokens":5}'
REPLY = b'{"choices": [{"message": {"content": "4"}}]}'
ANSWERED = Outcome("answered", REPLY, 10, 5, 0.5)
CALLS: Sequence[tuple[str, Outcome]] = (
    ("a", ANSWERED),
    ("a", Outcome("refused", note="HTTP 429: slow down")),
    ("a", Outcome("refused", note="HTTP 429: slow down")),
    ("b", Outcome("failed", note="HTTP 400: no")),
    ("b", Outcome("maybe_paid", usd=2.0, note="lost")),
    ("b", ANSWERED),
)


async def write(ledger: Ledger) -> None:
    for number, (teacher, outcome) in enumerate(CALLS):
        row = await ledger.begin(b"%d" % number, teacher, 0, REQUEST, 2.0)
        await ledger.end(row, outcome, 0.25)


@pytest.fixture
def book(quiet: None) -> Path:
    """A ledger in a run folder, with a call of each kind; the first two were sent in 2001."""
    path = Path("r/ledger.sqlite")
    with Ledger(path) as ledger:
        asyncio.run(write(ledger))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE calls SET sent_at = 1e9 WHERE id <= 2")
    return path


def statuses(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT status FROM calls ORDER BY id")]


def test_show_says_calls_tokens_and_dollars_by_status_teacher_and_day(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledger", "show", "r", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["total"] == {
        "calls": 6,
        "prompt_tokens": 20,
        "completion_tokens": 10,
        "usd": 3.0,
    }
    assert {name: sums["calls"] for name, sums in shown["statuses"].items()} == {
        "answered": 2,
        "failed": 1,
        "maybe_paid": 1,
        "refused": 2,
    }
    assert shown["teachers"]["b"]["usd"] == 2.5
    assert shown["days"]["2001-09-09"]["calls"] == 2
    assert shown["notes"][0] == {"status": "refused", "note": "HTTP 429: slow down", "calls": 2}
    assert (shown["mean_seconds"], shown["open_batches"]) == (0.25, [])


def test_show_is_for_people_too(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "show", str(book)]) == 0
    shown = capsys.readouterr().out
    assert "2 × refused: HTTP 429: slow down" in shown
    assert "an answer takes 0.25 s" in shown


def test_a_ledger_is_shown_while_another_process_writes_it(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger(book) as ledger:
        asyncio.run(ledger.begin(b"new", "c", 0, REQUEST, 2.0))
        assert run(["ledger", "show", "r", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["statuses"]["sent"]["calls"] == 1


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.jsonl.gz"])
def test_export_writes_every_call_as_a_line_of_json(book: Path, name: str) -> None:
    assert run(["ledger", "export", "r", "--out", name]) == 0
    data = Path(name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    first, *others = [json.loads(line) for line in text.splitlines()]
    assert len(others) == 5
    assert first == {
        "id": 1,
        "key": b"0".hex(),
        "teacher": "a",
        "sample": 0,
        "status": "answered",
        "request": json.loads(REQUEST),
        "reply": json.loads(REPLY),
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "usd": 0.5,
        "sent_at": datetime.fromtimestamp(1e9, UTC).isoformat(),
        "seconds": 0.25,
        "note": "",
    }


def test_export_may_go_to_the_terminal_and_choose(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledger", "export", "r", "--status", "maybe_paid"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["usd"] == 2.0


def test_a_body_that_is_no_json_is_exported_as_text(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(book, isolation_level=None)) as database:
        database.execute("UPDATE calls SET request = ? WHERE id = 1", (b"not \xff json",))
    assert run(["ledger", "export", "r"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["request"] == "not � json"


# Pruning


def test_prune_forgets_what_cost_nothing_and_says_nothing(book: Path) -> None:
    assert run(["ledger", "prune", "r"]) == 0
    assert statuses(book) == ["answered", "maybe_paid", "answered"]


def test_a_dry_run_only_says_what_would_go(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "prune", "r", "--dry-run"]) == 0
    assert "would forget 3 calls (refused, failed)" in capsys.readouterr().err
    assert len(statuses(book)) == 6


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--teacher", "b"], 5),
        (["--before", "2002-01-01"], 5),
        (["--status", "answered", "--teacher", "a"], 5),
        (["--status", "maybe_paid", "--status", "refused"], 3),
    ],
)
def test_conditions_narrow_what_is_forgotten(book: Path, options: list[str], left: int) -> None:
    assert run(["ledger", "prune", "r", *options]) == 0
    assert len(statuses(book)) == left


def test_the_newest_call_stays_so_that_its_id_is_not_given_out_twice(book: Path) -> None:
    assert run(["ledger", "prune", "r", "--status", "answered"]) == 0
    assert statuses(book)[-1] == "answered"
    with Ledger(book) as ledger:
        assert ledger.last_id == len(CALLS)


def test_what_is_on_its_way_cannot_be_forgotten(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledger", "prune", "r", "--status", "sent"]) == 2
    assert "calls that are 'sent' cannot be pruned" in capsys.readouterr().err


def test_a_ledger_in_use_is_not_pruned(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger(book):
        assert run(["ledger", "prune", "r"]) == 2
    assert "another process is writing this ledger" in capsys.readouterr().err
    assert len(statuses(book)) == 6


def test_pruning_gives_the_room_back(book: Path) -> None:
    async def fill(ledger: Ledger) -> None:
        for number in range(50):
            row = await ledger.begin(b"f%d" % number, "m", 0, b"x" * 20_000, 1.0)
            await ledger.end(row, Outcome("refused"), 0.1)

    with Ledger(book) as ledger:
        asyncio.run(fill(ledger))
    before = book.stat().st_size
    assert run(["ledger", "prune", "r"]) == 0
    assert book.stat().st_size < before / 10


# What is no ledger


@pytest.mark.parametrize("command", ["show", "export", "prune"])
def test_what_is_no_ledger_is_named_and_left_alone(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["ledger", command, "absent"]) == 2
    assert "absent: no such ledger" in capsys.readouterr().err
    Path("text").write_text("not a database, but long enough to look like one" * 99)
    assert run(["ledger", command, "text"]) == 2
    assert "text: cannot be" in capsys.readouterr().err
    assert not Path("absent").exists()
