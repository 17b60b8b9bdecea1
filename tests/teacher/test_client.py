"""A teacher retries what is transient and nothing else, and is asked once for everything."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import (
    FaultServer,
    Reaction,
    chat,
    drop,
    fail,
    options,
    page,
    say,
    teaching,
)
from tests.teacher.asking import FOUR, Asked, first
from wizardcoder.errors import TeacherAccessError, TeacherError, TeacherRefusedError
from wizardcoder.teacher import HttpTransport, Ledger, LedgerTotals, LocalTransport, Reply, Teacher
from wizardcoder.teacher.transport import Answer


def test_a_reply_carries_text_finish_reason_and_tokens(tmp_path: Path) -> None:
    assert Asked(tmp_path, first()).replies == [Reply("4", "stop", 10, 5)]


def test_a_reply_costs_its_tokens(tmp_path: Path) -> None:
    assert Asked(tmp_path, first()).totals.usd == pytest.approx(10 * 1 + 5 * 2)


def test_a_cut_reply_says_so(tmp_path: Path) -> None:
    assert Asked(tmp_path, lambda call: say("4", "length")).replies[0].finish_reason == "length"


def test_what_a_model_thinks_aloud_first_is_no_part_of_its_reply(tmp_path: Path) -> None:
    thought = "<think>\n2 + 2 …\n</think>\n\n4"
    asked = Asked(tmp_path, lambda call: say(thought), "2?")
    assert asked.replies == [Reply("4", "stop", 10, 5)]


def test_null_content_is_an_empty_reply(tmp_path: Path) -> None:
    assert Asked(tmp_path, lambda call: say(None, None)).replies == [Reply("", "stop", 10, 5)]


def test_a_reply_without_usage_counts_no_tokens(tmp_path: Path) -> None:
    body = b'{"choices": [{"message": {"content": "4"}}]}'
    asked = Asked(tmp_path, lambda call: Reaction(body=body))
    assert asked.replies == [Reply("4", "stop", 0, 0)]


# What is transient


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_a_transient_refusal_is_asked_again(tmp_path: Path, status: int) -> None:
    asked = Asked(tmp_path, first(fail(status), fail(status)))
    assert ([r.text for r in asked.replies], len(asked.server.calls)) == (["4"], 3)


def test_a_transient_refusal_may_be_a_web_page(tmp_path: Path) -> None:
    assert Asked(tmp_path, first(page(502))).replies[0].text == "4"


@pytest.mark.parametrize(("status", "maybe_paid"), [(429, 0), (500, 0), (502, 1), (504, 1)])
def test_only_a_gateways_refusal_may_have_been_paid(
    tmp_path: Path, status: int, maybe_paid: int
) -> None:
    totals = Asked(tmp_path, first(fail(status))).totals
    assert (totals.answered, totals.refused, totals.maybe_paid) == (1, 1 - maybe_paid, maybe_paid)


@pytest.mark.parametrize(
    "lost",
    [
        drop(paid=False),
        drop(paid=True),
        Reaction(body=FOUR.body, drop=True, sent_bytes=20, paid=True),
    ],
    ids=["before it is paid", "after it is paid", "in the middle of the answer"],
)
def test_a_dropped_connection_is_asked_again_and_may_have_been_paid(
    tmp_path: Path, lost: Reaction
) -> None:
    asked = Asked(tmp_path, first(lost))
    assert asked.replies[0].text == "4"
    assert (asked.totals.calls, asked.totals.answered, asked.totals.maybe_paid) == (2, 1, 1)
    assert len(asked.server.calls) == 2  # aiohttp itself sent nothing again


def test_what_may_have_been_paid_costs_the_worst_case(tmp_path: Path) -> None:
    asked = Asked(tmp_path, first(drop(paid=True)), max_tokens=7)
    worst = len(asked.server.calls[0].body) * 1 + 7 * 2
    assert asked.totals.usd == pytest.approx(worst + 20)


def test_a_reply_that_is_too_slow_is_lost_and_asked_again(tmp_path: Path) -> None:
    asked = Asked(tmp_path, first(say("late", delay_seconds=5.0)), timeout_seconds=0.3)
    assert (asked.replies[0].text, asked.totals.maybe_paid) == ("4", 1)


def test_a_server_that_is_not_there_was_not_paid(tmp_path: Path) -> None:
    with FaultServer(first()) as server:
        endpoint = server.endpoint

    async def ask() -> LedgerTotals:
        async with teaching(endpoint, tmp_path / "l.sqlite", max_retries=2) as teacher:
            with pytest.raises(
                TeacherError, match=r"cannot be reached: .*Cannot connect.*is it running"
            ):
                await teacher.ask("2 + 2?")
            return teacher.ledger.totals()

    totals = asyncio.run(ask())
    assert (totals.calls, totals.refused, totals.maybe_paid, totals.usd) == (3, 3, 0, 0.0)


# Pauses


def test_the_pause_is_the_one_the_server_asks_for(tmp_path: Path) -> None:
    refusals = first(fail(429, retry_after="7"), fail(500, retry_after="0.25"))
    assert Asked(tmp_path, refusals).pauses == [7.0, 0.25]


@pytest.mark.parametrize("wish", [None, "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_without_a_wish_pauses_grow_twofold_up_to_a_minute(
    tmp_path: Path, wish: str | None
) -> None:
    asked = Asked(tmp_path, lambda call: fail(500, retry_after=wish), max_retries=9)
    assert len(asked.pauses) == 9
    for attempt, pause in enumerate(asked.pauses):
        assert min(60.0, 0.25 * 2**attempt) <= pause <= min(60.0, 0.75 * 2**attempt)


@pytest.mark.parametrize("wish", ["86400", "inf"])
def test_a_pause_of_hours_is_not_waited_for(tmp_path: Path, wish: str) -> None:
    asked = Asked(tmp_path, first(fail(429, "quota", retry_after=wish)))
    assert asked.pauses == []
    assert "wants a pause of" in str(asked.error) and "quota" in str(asked.error)


def test_giving_up_says_after_how_many_attempts_why_and_what_to_do(tmp_path: Path) -> None:
    asked = Asked(tmp_path, lambda call: fail(503, "overloaded"), max_retries=3)
    assert len(asked.server.calls) == 4
    message = str(asked.error)
    assert message.startswith(f"{asked.endpoint}: gave up after 4 attempts")
    assert "HTTP 503" in message and "overloaded" in message
    assert message.endswith("what was answered is kept: run the same command again later")


# What is not


@pytest.mark.parametrize(
    ("reaction", "mend"),
    [
        (fail(401), "put a valid one into the environment variable OPENAI_API_KEY"),
        (fail(403), "put a valid one into the environment variable OPENAI_API_KEY"),
        (fail(404, "no such model"), "no such model.*check teacher.model and teacher.endpoint"),
        (fail(405), "check teacher.model and teacher.endpoint"),
        (Reaction(status=308, headers={"Location": "/v2"}), "HTTP 308.*teacher.endpoint"),
        (page(200), "<html>Welcome.*check teacher.endpoint, it usually ends in /v1"),
        (page(404), "HTTP 404, text/html.*check teacher.endpoint, it usually ends in /v1"),
        (Reaction(body=b"{"), "does not answer as a chat-completions endpoint"),
        (Reaction(body=b"\xff"), "does not answer as a chat-completions endpoint"),
        (Reaction(body=b"[" * 99_999), "does not answer as a chat-completions endpoint"),
        (Reaction(body=b'{"choices": []}'), "does not answer as a chat-completions endpoint"),
        (Reaction(body=b"[1]"), "does not answer as a chat-completions endpoint"),
        (say(["part"]), "does not answer as a chat-completions endpoint"),
        (
            Reaction(body=b'{"choices": [{"message": {"content": "4"}}], "usage": [1]}'),
            "does not answer as a chat-completions endpoint",
        ),
    ],
)
def test_an_endpoint_that_will_never_do_is_named_at_once_with_what_to_mend(
    tmp_path: Path, reaction: Reaction, mend: str
) -> None:
    asked = Asked(tmp_path, lambda call: reaction)
    assert len(asked.server.calls) == 1
    with pytest.raises(TeacherAccessError, match=mend) as caught:
        raise asked.error or AssertionError("no error")
    assert asked.endpoint in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_fails_alone_and_once(tmp_path: Path, status: int) -> None:
    asked = Asked(tmp_path, lambda call: fail(status, "too long"))
    assert len(asked.server.calls) == 1
    assert type(asked.error) is TeacherRefusedError
    assert f"refused a request for model 'm': HTTP {status}" in str(asked.error)


# Once


def test_identical_requests_in_flight_share_one_call(tmp_path: Path) -> None:
    asked = Asked(tmp_path, lambda call: say(str(call.number), delay_seconds=0.05), *["2?"] * 5)
    assert ([r.text for r in asked.replies], len(asked.server.calls)) == (["1"] * 5, 1)


def test_another_sample_of_a_request_is_another_call(tmp_path: Path) -> None:
    asked = Asked(tmp_path, lambda call: say(str(call.number)), samples=(0, 1))
    assert sorted(r.text for r in asked.replies) == ["1", "2"]
    assert asked.server.paid.total() == 2


def test_a_seed_tells_samples_apart_for_a_teacher_that_honours_it(tmp_path: Path) -> None:
    asked = Asked(tmp_path, first(), samples=(0, 1), send_seed=True)
    assert len(asked.server.paid) == 2


def test_everything_is_replayed_when_the_teacher_is_gone(tmp_path: Path) -> None:
    prompts = ["a", "b \ud800", "c"]
    asked = Asked(tmp_path, lambda call: say(call.prompt * 2), *prompts, samples=(0, 1))

    async def replay() -> tuple[list[Reply], LedgerTotals]:
        ledger = tmp_path / "ledger.sqlite"
        async with teaching(f"{asked.endpoint}/", ledger) as teacher:
            replies = [await teacher.ask(p, sample=n) for p in prompts for n in (0, 1)]
            return replies, teacher.ledger.totals()

    assert asyncio.run(replay()) == (asked.replies, asked.totals)


def test_a_failed_request_is_sent_again_when_it_is_asked_again(tmp_path: Path) -> None:
    assert Asked(tmp_path, first(fail(400))).error is not None
    ledger = tmp_path / "ledger.sqlite"

    async def again(endpoint: str) -> Reply:
        async with teaching(endpoint, ledger) as teacher:
            with pytest.raises(TeacherError):
                await teacher.ask("2 + 2?")
            return await teacher.ask("2 + 2?")

    with FaultServer(first(fail(400))) as server:
        assert asyncio.run(again(server.endpoint)).text == "4"


@pytest.mark.parametrize("changes", [{"model": "n"}, {"temperature": 0.5}, {"max_tokens": 9}])
def test_another_model_or_setting_is_another_call(tmp_path: Path, changes: dict[str, Any]) -> None:
    with FaultServer(first()) as server:

        async def ask(**changes: Any) -> None:
            async with teaching(server.endpoint, tmp_path / "l.sqlite", **changes) as teacher:
                await teacher.ask("2 + 2?")

        asyncio.run(ask())
        asyncio.run(ask(**changes))
    assert len(server.calls) == 2


def test_no_more_requests_are_in_flight_than_allowed(tmp_path: Path) -> None:
    prompts = [str(n) for n in range(20)]
    asked = Asked(tmp_path, lambda call: say("4", delay_seconds=0.02), *prompts, concurrency=3)
    assert (len(asked.replies), asked.server.most_in_flight) == (20, 3)


def test_leaving_gives_up_what_is_in_flight_and_it_can_be_entered_again(tmp_path: Path) -> None:
    with (
        FaultServer(first(say("never heard", delay_seconds=30.0))) as server,
        Ledger(tmp_path / "l.sqlite") as ledger,
    ):
        transport = HttpTransport(
            server.endpoint, api_key=None, timeout_seconds=60.0, connections=1
        )
        teacher = Teacher(options(server.endpoint, concurrency=1), transport, ledger)

        async def leave() -> None:
            async with teacher:
                waiting = asyncio.create_task(teacher.ask("2 + 2?"))
                behind = asyncio.create_task(teacher.ask("3 + 3?"))
                while not server.calls:
                    await asyncio.sleep(0.01)
            results = await asyncio.gather(waiting, behind, return_exceptions=True)
            assert [type(result) for result in results] == [asyncio.CancelledError] * 2

        async def again() -> Reply:
            async with teacher:
                replies = await asyncio.gather(teacher.ask("2 + 2?"), teacher.ask("3 + 3?"))
                return replies[0]

        asyncio.run(leave())
        assert asyncio.run(again()).text == "4"
    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert (ledger.totals().answered, ledger.totals().maybe_paid) == (2, 1)


def test_leaving_commits_what_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    other = sqlite3.connect(path, isolation_level=None)

    class Held(LocalTransport):
        async def post(self, body: bytes, key: bytes) -> Answer:
            other.execute("BEGIN IMMEDIATE")  # nobody can commit while this is held
            asyncio.get_running_loop().call_later(0.1, other.execute, "ROLLBACK")
            return await super().post(body, key)

    async def leave(ledger: Ledger) -> LedgerTotals:
        transport = Held(lambda request: chat("4"))
        async with Teacher(options("here"), transport, ledger) as teacher:
            asking = asyncio.create_task(teacher.ask("2 + 2?"))
            while not other.in_transaction:
                await asyncio.sleep(0.01)
        asking.cancel()
        return ledger.totals()

    with closing(other), Ledger(path) as ledger:
        assert asyncio.run(leave(ledger)).answered == 1
