"""Real seeds against the mock teacher with its faults on: none lost, none paid twice."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.evolve.killing import finish, kill_when, sent_although_answered, statuses
from tests.evolve.worlds import accepted, attempts, rejected, tables

COUNT, CONCURRENCY = 300, 64

pytestmark = pytest.mark.real_data


class Outcome(NamedTuple):
    """A finished stage, and what the mock counted."""

    folder: Path
    stats: dict[str, Any]


@contextmanager
def mock_teacher(shared: Path, latency_seconds: float) -> Iterator[str]:
    """The address of a mock teacher of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = str(shared / "mock_teacher" / "server.py")
    command = [sys.executable, program, "--port", str(port), "--latency", str(latency_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"mock on")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def stats(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/stats") as answer:
        counters: dict[str, Any] = json.load(answer)
    return counters


def requests_seen(address: str) -> int:
    try:
        return int(stats(address)["requests"])
    except RemoteDisconnected:
        return 0  # the mock has no statistics between its first request and its first answer


def evolved(folder: Path, shared: Path, kills: tuple[int, ...]) -> Outcome:
    """Evolve the first 300 rows of Code Alpaca, killed after so many requests."""
    latency_seconds = 0.1 if kills else 0.02  # slow enough to be killed before it is done
    with mock_teacher(shared, latency_seconds) as address:
        arguments = (
            *(folder, f"{address}/faulty/v1"),
            *(shared / "data/seeds/code_alpaca_20k.json.gz", COUNT, CONCURRENCY),
        )
        for requests in kills:
            kill_when(lambda n=requests: requests_seen(address) >= n, *arguments)
        finish(*arguments)
        return Outcome(folder, stats(address))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Outcome:
    return evolved(tmp_path_factory.mktemp("once"), shared, kills=())


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Outcome:
    return evolved(tmp_path_factory.mktemp("killed"), shared, kills=(100, 300))


def test_no_attempt_is_lost(once: Outcome) -> None:
    assert len(attempts(once.folder)) == 600
    assert [r for r in rejected(once.folder) if r.rule == "teacher_failed"] == []


def test_none_is_paid_twice(once: Outcome) -> None:
    assert once.stats["paid"] >= 1000
    assert once.stats["paid_twice_or_more"] == 0
    assert sent_although_answered(once.folder / "ledger.sqlite") == 0


def test_the_faults_were_on_and_are_in_the_ledger(once: Outcome) -> None:
    counts = statuses(once.folder / "ledger.sqlite")
    faults = once.stats["http429"] + once.stats["http500"]
    assert faults > 0
    assert counts["refused"] == faults
    assert counts["maybe_paid"] == once.stats["dropped"]
    assert counts["answered"] == once.stats["paid"]


def test_records_carry_where_they_come_from(once: Outcome) -> None:
    record = accepted(once.folder)[0]
    assert (record.seed_id, record.source, record.teacher) == (
        "code_alpaca_20k/000001",
        "code_alpaca_20k",
        "mock",
    )


def test_killed_and_started_again_the_data_is_the_same(killed: Outcome, once: Outcome) -> None:
    assert tables(killed.folder) == tables(once.folder)


def test_killed_and_started_again_only_what_was_in_flight_is_paid_again(killed: Outcome) -> None:
    ledger = killed.folder / "ledger.sqlite"
    assert sent_although_answered(ledger) == 0
    counts = statuses(ledger)
    assert counts["maybe_paid"] <= 2 * CONCURRENCY + killed.stats["dropped"]
    assert killed.stats["paid_extra"] <= counts["maybe_paid"]
    assert killed.stats["paid"] <= counts["answered"] + counts["maybe_paid"]
