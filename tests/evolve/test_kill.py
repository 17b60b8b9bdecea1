"""Killed in the middle and started again: nothing is lost, and nothing known is paid for again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evolve.killing import (
    billable,
    digest,
    finish,
    kill_when,
    sent_although_answered,
    statuses,
    write_seeds,
)
from tests.evolve.worlds import attempts, tables
from tests.fault_server import Call, FaultServer, Reaction, drop, fail, say

COUNT, CONCURRENCY = 40, 8
#: The requests of the whole run at which the process is killed; they are never answered.
KILLS = (3, 40, 90)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeds(tmp_path_factory.mktemp("seeds"), COUNT)


def answer(call: Call) -> Reaction:
    """What the teacher says depends on the request alone; one in eight is a refusal."""
    number = digest(call)
    text = "Sorry." if number % 8 == 0 else f"Write program {number} in another way."
    return say(text, delay_seconds=0.01)


def faulty(call: Call) -> Reaction:
    """The same, but one request in ten meets a fault the first time it is sent."""
    if call.number in KILLS:
        return say("too late", delay_seconds=600.0)
    if call.turn == 1:
        match digest(call) % 40:
            case 1:
                return fail(429)
            case 2:
                return fail(500)
            case 3:
                return drop(paid=False)
            case 4:
                return drop(paid=True)
    return answer(call)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    with FaultServer(answer) as server:
        finish(folder, server.endpoint, seeds, COUNT, CONCURRENCY)
    return folder


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> tuple[Path, FaultServer]:
    """A stage with faults on, killed three times, then finished."""
    folder = tmp_path_factory.mktemp("disturbed")
    with FaultServer(faulty) as server:
        arguments = (folder, server.endpoint, seeds, COUNT, CONCURRENCY)
        for number in KILLS:
            kill_when(lambda n=number: len(server.calls) >= n, *arguments)
        finish(*arguments)
    return folder, server


def test_the_data_equals_that_of_an_undisturbed_run(
    disturbed: tuple[Path, FaultServer], undisturbed: Path
) -> None:
    assert len(attempts(disturbed[0])) == 2 * COUNT
    assert tables(disturbed[0]) == tables(undisturbed)


def test_no_request_is_sent_again_once_its_reply_was_committed(
    disturbed: tuple[Path, FaultServer],
) -> None:
    assert sent_although_answered(disturbed[0] / "ledger.sqlite") == 0


def test_at_each_kill_only_calls_in_flight_may_have_been_paid(
    disturbed: tuple[Path, FaultServer],
) -> None:
    folder, server = disturbed
    counts = statuses(folder / "ledger.sqlite")
    drops = sum(call.turn == 1 and digest(call) % 40 in {3, 4} for call in server.calls)
    assert 0 < counts["maybe_paid"] <= 3 * CONCURRENCY + drops
    assert counts["sent"] == 0


def test_the_ledger_knows_of_everything_that_the_server_billed(
    disturbed: tuple[Path, FaultServer],
) -> None:
    folder, server = disturbed
    assert server.paid.total() > 0
    assert server.paid <= billable(folder / "ledger.sqlite")


def test_an_undisturbed_run_pays_for_every_request_once(undisturbed: Path) -> None:
    counts = statuses(undisturbed / "ledger.sqlite")
    assert set(counts) == {"answered"}
