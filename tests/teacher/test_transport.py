"""Requests travel as they should, and the key with them and nowhere else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import (
    Call,
    FaultServer,
    Reaction,
    chat,
    fail,
    options,
    say,
    teaching,
)
from tests.teacher.asking import Asked, first
from wizardcoder.errors import TeacherAccessError, TeacherError
from wizardcoder.teacher import HttpTransport, Ledger, LocalTransport, Reply, Teacher

KEY = "sk-secret-0123456789"


@pytest.mark.parametrize(
    "endpoint",
    ["localhost:8000/v1", "ftp://h/v1", "http:///v1", "http://h:port/v1", "", "http://["],
)
def test_an_endpoint_that_is_no_url_is_refused_before_anything_is_sent(endpoint: str) -> None:
    with pytest.raises(TeacherAccessError, match=r"teacher\.endpoint = .* is not a URL such as"):
        HttpTransport(endpoint, api_key=None, timeout_seconds=1.0, connections=1)


# The key


def test_the_key_travels_in_the_header(tmp_path: Path) -> None:
    asked = Asked(tmp_path, first(), api_key=f"{KEY}\n")  # as `$(cat key)` or a secret's file ends
    assert asked.server.calls[0].authorization == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
def test_the_key_is_in_no_file_and_no_message_even_if_the_server_quotes_it(
    tmp_path: Path, status: int
) -> None:
    def quote(call: Call) -> Reaction:
        if status == 200:
            return say(f"You said {call.authorization}")
        return fail(status, f"You said {call.authorization}")

    asked = Asked(tmp_path, quote, api_key=KEY, max_retries=1)
    assert asked.server.calls[0].authorization.endswith(KEY)
    assert KEY not in f"{asked.error} {asked.replies}"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("key", ["sk-secret\nX-Evil: 1", "sk-sécret", "sk-\0secret"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(TeacherAccessError, match="not one line of ASCII text") as caught:
        HttpTransport("http://h/v1", api_key=key, timeout_seconds=1.0, connections=1)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("endpoint", [f"http://me:{KEY}@h/v1", f"https://h/v1?api-key={KEY}"])
def test_a_key_within_the_endpoint_is_refused_without_showing_it(endpoint: str) -> None:
    with pytest.raises(TeacherAccessError, match="belongs into the environment") as caught:
        HttpTransport(endpoint, api_key=None, timeout_seconds=1.0, connections=1)
    assert KEY not in str(caught.value)


def test_the_password_of_a_proxy_is_in_no_file_and_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> str:
        endpoint = "http://teacher.invalid/v1"
        async with teaching(endpoint, tmp_path / "l.sqlite", max_retries=1) as teacher:
            with pytest.raises(TeacherError) as caught:
                await teacher.ask("2 + 2?")
            return str(caught.value)

    with FaultServer(first()) as gone:
        address = gone.endpoint.removesuffix("/v1").removeprefix("http://")
    monkeypatch.setenv("http_proxy", f"http://me:{KEY}@{address}")
    assert KEY not in asyncio.run(ask())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


# A server's wish for a pause


@pytest.mark.parametrize(
    ("wish", "pauses"),
    [
        ("7", [7.0]),
        ("Mon, 23 Nov 2026 20:00:07 GMT", [7.0]),
        ("-1", []),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_until_a_date_by_the_servers_clock(
    tmp_path: Path, wish: str, pauses: list[float]
) -> None:
    now = {"Date": "Mon, 23 Nov 2026 20:00:00 GMT", "Retry-After": wish}
    busy = Reaction(status=429, body=b"{}", headers=now)
    assert Asked(tmp_path, first(busy)).pauses == pauses


# Other ways to travel


def test_a_proxy_named_by_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> Reply:
        async with teaching("http://teacher.invalid/v1", tmp_path / "l.sqlite") as teacher:
            return await teacher.ask("2 + 2?")

    with FaultServer(first()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.endpoint.removesuffix("/v1"))
        assert asyncio.run(ask()).text == "4"


def test_a_teacher_in_this_process_speaks_the_same_protocol(tmp_path: Path) -> None:
    def respond(request: dict[str, Any]) -> dict[str, Any]:
        return chat(request["messages"][0]["content"] + "!")

    async def ask(ledger: Ledger) -> Reply:
        async with Teacher(options("miniature"), LocalTransport(respond), ledger) as teacher:
            return await teacher.ask("2 + 2?")

    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert asyncio.run(ask(ledger)).text == "2 + 2?!"
