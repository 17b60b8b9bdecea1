"""Killed twenty times at random moments, faults on: nothing is lost, or known and paid again."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

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
from tests.evolve.worlds import tables
from tests.fault_server import Call, FaultServer, Reaction, drop, fail, say

COUNT, CONCURRENCY, KILLS = 250, 16, 20

pytestmark = pytest.mark.slow


class Killed(NamedTuple):
    """A stage that was killed, then finished; what the ledger said right after each kill."""

    folder: Path
    paid: Counter[bytes]
    drops: int
    after_each: list[Counter[str]]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeds(tmp_path_factory.mktemp("seeds"), COUNT)


def answer(call: Call) -> Reaction:
    text = f"Write program {digest(call)} in another way."
    return say(text, delay_seconds=0.02 + digest(call) % 50 / 1000)


def faulty(call: Call) -> Reaction:
    """2 % of the requests are refused as too many, 1 % fail, 0.5 % lose their connection."""
    number = digest(call) % 200
    if call.turn > 1 or number >= 7:
        return answer(call)
    if number < 4:
        return fail(429)
    return fail(500) if number < 6 else drop(paid=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    with FaultServer(answer) as server:
        finish(folder, server.endpoint, seeds, COUNT, CONCURRENCY)
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    draw = random.Random(0)
    after_each = []
    with FaultServer(faulty) as server:
        arguments = (folder, server.endpoint, seeds, COUNT, CONCURRENCY)
        for requests in sorted(draw.sample(range(1, 3 * COUNT), KILLS)):
            kill_when(lambda n=requests: len(server.calls) >= n, *arguments)
            after_each.append(statuses(folder / "ledger.sqlite"))
            time.sleep(draw.random() / 10)
        finish(*arguments)
        drops = sum(call.turn == 1 and digest(call) % 200 == 6 for call in server.calls)
    return Killed(folder, server.paid, drops, after_each)


def test_the_data_equals_that_of_an_undisturbed_run(killed: Killed, undisturbed: Path) -> None:
    assert tables(killed.folder) == tables(undisturbed)


def test_at_each_kill_at_most_the_calls_in_flight_may_have_been_paid(killed: Killed) -> None:
    assert len(killed.after_each) == KILLS
    assert all(counts["sent"] <= CONCURRENCY for counts in killed.after_each)
    lost = statuses(killed.folder / "ledger.sqlite")["maybe_paid"]
    assert 0 < lost <= sum(counts["sent"] for counts in killed.after_each) + killed.drops


def test_no_request_is_sent_again_once_its_reply_was_committed(killed: Killed) -> None:
    assert sent_although_answered(killed.folder / "ledger.sqlite") == 0


def test_the_ledger_knows_of_everything_that_the_server_billed(killed: Killed) -> None:
    assert killed.paid.total() > 4 * COUNT
    assert killed.paid <= billable(killed.folder / "ledger.sqlite")
