"""Several teachers of one recipe: each with its own key, one ledger for all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fault_server import Call, FaultServer, Reaction, say
from wizardcoder import recipe
from wizardcoder.pipeline.names import open_teachers
from wizardcoder.teacher import Ledger, LedgerTotals, Reply

KEYS = {"FIRST_KEY": "sk-first-0123456789", "SECOND_KEY": "sk-second-9876543210"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


def quoting(call: Call) -> Reaction:
    return say(f"You said {call.authorization}")


def test_each_is_asked_with_its_own_key_and_no_key_is_in_any_file(tmp_path: Path) -> None:
    async def ask(ledger: Ledger, *endpoints: str) -> tuple[list[Reply], LedgerTotals]:
        options = [
            recipe.Teacher(model=f"m{n}", endpoint=endpoint, api_key_env=name)
            for n, (endpoint, name) in enumerate(zip(endpoints, KEYS, strict=True))
        ]
        wanted = recipe.Recipe(teacher=options[0], teachers=options[1:])
        replies = []
        for teacher in open_teachers(wanted, ledger):
            async with teacher:
                replies.append(await teacher.ask("2 + 2?"))
        return replies, ledger.totals()

    with (
        FaultServer(quoting) as one,
        FaultServer(quoting) as two,
        Ledger(tmp_path / "l.sqlite") as ledger,
    ):
        replies, totals = asyncio.run(ask(ledger, one.endpoint, two.endpoint))
    sent = [server.calls[0].authorization for server in (one, two)]
    assert sent == [f"Bearer {key}" for key in KEYS.values()]
    assert totals.answered == 2
    said = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said += str(replies).encode()
    assert b"You said" in said
    assert [key for key in KEYS.values() if key.encode() in said] == []


def test_two_keys_for_one_model_share_the_calls_in_flight(tmp_path: Path) -> None:
    async def ask(ledger: Ledger, endpoint: str) -> list[Reply]:
        options = [recipe.Teacher(model="m", endpoint=endpoint, api_key_env=name) for name in KEYS]
        one, two = open_teachers(recipe.Recipe(teacher=options[0], teachers=options[1:]), ledger)
        async with one, two:
            return await asyncio.gather(one.ask("2 + 2?"), two.ask("2 + 2?"))

    with FaultServer(quoting) as server, Ledger(tmp_path / "l.sqlite") as ledger:
        first, second = asyncio.run(ask(ledger, server.endpoint))
        assert (first, len(server.calls)) == (second, 1)
        assert not ledger.in_flight
