"""A run pays within its budget and only once, and says how to go on."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault_server import Call, FaultServer, Reaction
from wizardcoder import miniature
from wizardcoder.cli.app import run as main
from wizardcoder.pipeline.names import open_teachers
from wizardcoder.recipe import Recipe, Teacher
from wizardcoder.teacher import Ledger

SEEDS = 25
#: Dollars per million tokens, so that a run of SEEDS costs some dollars.
PRICES = {"prompt": 100, "completion": 200}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("signal.signal", lambda *_: None)


def react(call: Call) -> Reaction:
    """The miniature's teacher, over HTTP and a little slow."""
    body = json.dumps(miniature.respond(json.loads(call.body))).encode()
    return Reaction(body=body, paid=True, delay_seconds=0.01)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(react) as server:
        yield server


def recipe(endpoint: str, **more: object) -> list[str]:
    """A recipe as overrides: the miniature's seeds, evolved twice by the server's teacher."""
    settings = {
        "seeds.source": "miniature",
        "seeds.count": SEEDS,
        "teacher.model": "miniature",
        "teacher.endpoint": endpoint,
        "teacher.send_seed": "true",
        "teacher.max_tokens": 200,
        "teacher.usd_per_million_prompt_tokens": PRICES["prompt"],
        "teacher.usd_per_million_completion_tokens": PRICES["completion"],
        "evolve.rounds": 2,
        **more,
    }
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def evolve(out: str, endpoint: str, *options: str, **more: object) -> int:
    return main(["evolve", "miniature", "--out", out, *recipe(endpoint, **more), *options])


def evolved(run: str) -> bytes:
    return Path(run, "evolved", "records.parquet").read_bytes()


def spent(ledger: str) -> tuple[float, int]:
    with Ledger(Path(ledger)) as book:
        return book.spent()


# Budget


def test_a_budget_ends_a_run_with_code_3_and_going_on_ends_where_it_would_have(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evolve("whole", server.endpoint) == 0
    calls = len(server.calls)
    usd, _ = spent("whole/ledger.sqlite")
    limit = usd / 2
    capsys.readouterr()

    assert evolve("half", server.endpoint, "--max-usd", f"{limit:.4f}") == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"max_usd = {limit:.4f}".rstrip("0") in error and "is kept" in error
    assert 0.4 * usd < spent("half/ledger.sqlite")[0] <= limit
    assert not Path("half/evolved").exists()

    way = re.search(r"to go on: wizardcoder (.+)", error)
    assert way is not None
    command = shlex.split(way[1])
    assert command[:3] == ["evolve", "half", "--max-usd"]
    assert float(command[3]) == pytest.approx(2 * limit, abs=1e-3)
    assert main([*command[:3], "1000"]) == 0
    assert evolved("half") == evolved("whole")
    assert len(server.calls) == 2 * calls  # nothing was asked twice


def test_tokens_are_limited_too(server: FaultServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert evolve("r", server.endpoint, "--max-tokens", "9000") == 3
    assert spent("r/ledger.sqlite")[1] <= 9000
    assert "wizardcoder evolve r --max-tokens 18000" in capsys.readouterr().err


def test_the_way_to_go_on_has_room_for_the_next_call(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evolve("r", server.endpoint, "--max-tokens", "3") == 3
    way = re.search(r"to go on: wizardcoder (.+)", capsys.readouterr().err)
    assert way is not None
    assert main(shlex.split(way[1])) in (0, 3)
    assert len(server.calls) > 0


def test_a_sample_that_its_budget_ends_says_how_to_go_on_with_the_sample(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("s.jsonl").write_text('{"instruction": "Add.", "output": "3"}\n')
    sample = ["--sample", "1", "--out", "r", "--max-tokens", "3"]
    assert main(["plan", "evolve", "s.jsonl", *sample, "--endpoint", server.endpoint]) == 3
    assert "to go on: the same command with --max-tokens " in capsys.readouterr().err
    assert main(["evolve", "r"]) == 2
    assert "not a run folder" in capsys.readouterr().err.replace("nor a run", "not a run")


def test_a_key_in_an_endpoint_is_refused_before_a_file_holds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for endpoint in ("http://me:planted@host/v1", "http://host/v1?key=planted"):
        assert evolve("r", endpoint) == 2
    assert "planted" not in capsys.readouterr().err
    assert not Path("r").exists()


def test_a_key_in_place_of_its_variables_name_is_refused_and_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evolve("r", "http://host/v1", **{"teacher.api_key_env": "sk-planted"}) == 2
    error = capsys.readouterr().err
    assert "belongs into the environment" in error and "planted" not in error
    assert not Path("r").exists()


def test_hours_are_limited_too(server: FaultServer, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    slow = {"teacher.requests_per_minute": 12}
    assert evolve("r", server.endpoint, "--max-hours", "0.0003", **slow) == 3
    assert time.monotonic() - began < 10
    assert "max_hours = 0.0003" in capsys.readouterr().err


def test_a_limit_in_the_recipe_holds_and_the_command_line_overrides_it(
    server: FaultServer,
) -> None:
    assert evolve("r", server.endpoint, **{"budget.max_tokens": 5000}) == 3
    assert main(["evolve", "r"]) == 3
    assert main(["evolve", "r", "--max-tokens", "10000000"]) == 0


def test_dollars_without_a_price_are_refused_before_anything_is_sent(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evolve", "miniature", "--out", "r", "--endpoint", "http://h.example/v1"]
    assert main([*command, "--set", "seeds.count=2", "--max-usd", "5"]) == 2
    error = capsys.readouterr().err
    assert "teacher.usd_per_million_prompt_tokens" in error and "is not known" in error
    assert not Path("r/ledger.sqlite").exists()


@pytest.mark.parametrize("option", ["--max-usd", "--max-tokens", "--max-hours"])
def test_a_limit_of_nothing_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evolve", "miniature", "--out", "r", option, "0"]) == 2
    assert "greater than 0" in capsys.readouterr().err


# The ledger that runs share


def test_a_second_run_with_the_same_ledger_pays_nothing(server: FaultServer) -> None:
    assert evolve("one", server.endpoint, "--ledger", "shared.sqlite") == 0
    calls = len(server.calls)
    assert evolve("two", server.endpoint, "--ledger", "shared.sqlite") == 0
    assert len(server.calls) == calls > 0
    assert evolved("one") == evolved("two")


def test_in_a_shared_ledger_a_budget_counts_from_the_command_on(server: FaultServer) -> None:
    assert evolve("one", server.endpoint, "--ledger", "shared.sqlite") == 0
    usd, _ = spent("shared.sqlite")
    other = {"seed": 1}
    limit = ["--max-usd", f"{2 * usd:.4f}"]
    assert evolve("two", server.endpoint, "--ledger", "shared.sqlite", *limit, **other) == 0


# Replay


def test_a_replay_needs_no_server_and_gives_the_same_bytes(server: FaultServer) -> None:
    assert evolve("one", server.endpoint, "--ledger", "shared.sqlite") == 0
    calls = len(server.calls)
    assert evolve("two", server.endpoint, "--ledger", "shared.sqlite", "--replay") == 0
    assert len(server.calls) == calls
    assert evolved("one") == evolved("two")


def test_a_replay_says_how_many_lineages_lack_replies_and_which_is_the_first(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = {"seeds.count": SEEDS - 5}
    assert evolve("one", server.endpoint, "--ledger", "shared.sqlite", **fewer) == 0
    calls = len(server.calls)
    capsys.readouterr()
    assert evolve("two", server.endpoint, "--ledger", "shared.sqlite", "--replay") == 2
    error = capsys.readouterr().err
    assert re.search(rf"[1-5] of {SEEDS} lineages need replies that are not there", error)
    assert "the first: shared.sqlite: has no reply of 'miniature'" in error
    assert "'Please increase the difficulty" in error
    assert len(server.calls) == calls
    assert evolve("two", server.endpoint, "--ledger", "shared.sqlite") == 0  # it goes on


def test_a_replay_writes_nothing_into_the_ledger(server: FaultServer) -> None:
    assert evolve("r", server.endpoint, "--replay") == 2
    with Ledger(Path("r/ledger.sqlite")) as ledger:
        assert ledger.totals().calls == 0


def test_a_replay_loads_no_model(tmp_path: Path) -> None:
    async def enter() -> None:
        wanted = Recipe(teacher=Teacher(endpoint="vllm", model="no/such-model"))
        with Ledger(tmp_path / "l.sqlite") as ledger:
            async with open_teachers(wanted, ledger, replay=True)[0]:
                pass

    asyncio.run(enter())
