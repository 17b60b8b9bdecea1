"""An endpoint that goes away for a while: everybody waits, nothing is lost, nothing gives up."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fault_server import Call, FaultServer, Reaction, fail, say, teaching
from wizardcoder.errors import TeacherError
from wizardcoder.teacher import LedgerTotals
from wizardcoder.teacher.pacing import WallClock

CALLS, CONCURRENCY = 200, 16


async def ask_through(path: Path, seconds: float) -> LedgerTotals:
    """Ask 200 questions of an endpoint that is soon busy, then gone, then back."""
    up = ExitStack()
    server = up.enter_context(busy_after(seconds))
    port = int(server.endpoint.split(":")[2].removesuffix("/v1"))
    clock = WallClock()
    async with teaching(
        server.endpoint, path, clock=clock, concurrency=CONCURRENCY, max_retries=1
    ) as teacher:
        asking = asyncio.gather(*(teacher.ask(f"{n}?") for n in range(CALLS)))
        await asyncio.sleep(2 * seconds)
        await asyncio.to_thread(up.close)
        assert not asking.done()
        await asyncio.sleep(seconds)
        with FaultServer(lambda call: say(call.prompt), port) as back:
            replies = await asking
            assert [reply.text for reply in replies] == [f"{n}?" for n in range(CALLS)]
            assert not server.paid & back.paid
        return teacher.ledger.totals()


def busy_after(seconds: float) -> FaultServer:
    """Answers for so long, then refuses all."""
    began = time.monotonic()

    def react(call: Call) -> Reaction:
        if time.monotonic() - began < seconds:
            return say(call.prompt, delay_seconds=seconds / 5)
        return fail(429, retry_after=None)

    return FaultServer(react)


@pytest.mark.parametrize("seconds", [2.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_refusals_and_then_no_connection_at_all_are_waited_for(
    tmp_path: Path, seconds: float
) -> None:
    totals = asyncio.run(ask_through(tmp_path / "l.sqlite", seconds))
    assert (totals.answered, totals.maybe_paid) == (CALLS, 0)
    assert totals.refused < 5 * CONCURRENCY + 60  # it was not hammered


def test_an_outage_that_lasts_ends_with_one_line_that_says_how_to_go_on(tmp_path: Path) -> None:
    async def ask(endpoint: str) -> list[BaseException | object]:
        async with teaching(endpoint, tmp_path / "l.sqlite", outage_minutes=5.0) as teacher:
            await teacher.ask("first?")
            asking = [teacher.ask(f"{n}?") for n in range(12)]
            return list(await asyncio.gather(*asking, return_exceptions=True))

    def react(call: Call) -> Reaction:
        return say("4") if call.number == 1 else fail(429, retry_after=None)

    with FaultServer(react) as server:
        errors = asyncio.run(ask(server.endpoint))
    assert all(isinstance(error, TeacherError) for error in errors)
    assert "gave up after 5 minutes without an answer" in str(errors[0])
    assert str(errors[0]).endswith("what was answered is kept: run the same command again later")


def test_a_request_that_always_fails_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def ask(endpoint: str) -> list[BaseException | object]:
        async with teaching(endpoint, tmp_path / "l.sqlite", concurrency=4) as teacher:
            asking = [teacher.ask(f"{n}?") for n in range(30)]
            return list(await asyncio.gather(*asking, return_exceptions=True))

    def react(call: Call) -> Reaction:
        return fail(500) if call.prompt == "3?" else say("4")

    with FaultServer(react) as server:
        replies = asyncio.run(ask(server.endpoint))
    assert [n for n, reply in enumerate(replies) if isinstance(reply, TeacherError)] == [3]
    assert "gave up after 9 attempts" in str(replies[3])
