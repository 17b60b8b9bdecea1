"""A recipe whose seeds a teacher helps to make: over HTTP, from the command line, to the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import Call, FaultServer, Reaction, fail, say
from tests.seeds import codebase, teaching
from wizardcoder import recipe
from wizardcoder.cli.app import run as command
from wizardcoder.errors import RecipeError, UsageError
from wizardcoder.pipeline import Run, names, open_run
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import read_parquet
from wizardcoder.teacher import Ledger

PRIVATE = codebase.AWS_KEY, codebase.PASSWORD, codebase.PRIVATE_KEY


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("WIZARDCODER_DATA", raising=False)
    monkeypatch.setattr("signal.signal", lambda *_: None)


def react(call: Call) -> Reaction:
    """Fails now and then; what it answers depends on the prompt alone."""
    if call.number % 5 == 2 and call.turn == 1:
        return fail(429)
    return say(teaching.say(call.prompt))


def grow(folder: Path, endpoint: str, source: object, **options: Any) -> Run:
    """A run around a source of seeds, its seeds made."""
    table = {
        "seeds": {"source": str(source), **options},
        "teacher": {"model": "m", "endpoint": endpoint, "concurrency": 4},
    }
    made = open_run(folder, recipe.parse(table, "test"), data=folder.parent / "data")
    made.seeds()
    return made


def records(run: Run) -> list[Record]:
    return read_parquet(run.path / "seeds" / "records.parquet", Record)


def rejected(run: Run) -> list[Rejected]:
    return read_parquet(run.path / "seeds" / "rejected.parquet", Rejected)


def calls(run: Run) -> int:
    with Ledger(run.path / "ledger.sqlite") as ledger:
        return ledger.totals().calls


def seed_tasks(folder: Path) -> Path:
    """The data folder with a file of seed tasks."""
    file = folder / "data" / "seeds" / "self_instruct_seed_tasks.jsonl"
    file.parent.mkdir(parents=True)
    tasks = [{"instruction": f"Write code that {'abcdefgh'[n] * 3} the list."} for n in range(8)]
    file.write_text("\n".join(json.dumps(task) for task in tasks))
    return file


def test_a_code_base_becomes_seeds_and_no_secret_is_in_any_file(tmp_path: Path) -> None:
    code = codebase.plant(tmp_path / "code")
    with FaultServer(react) as server:
        run = grow(tmp_path / "run", server.endpoint, code)
        assert not any(secret in call.prompt for call in server.calls for secret in PRIVATE)
        assert max(server.paid.values()) == 1
    attempted = [*records(run), *(row for row in rejected(run) if row.teacher)]
    assert {row.source: row.licence for row in attempted} == {
        source: licence for source, (licence, _) in codebase.FOUND.items()
    }
    left_out = {row.source: (row.rule, row.detail) for row in rejected(run) if not row.teacher}
    assert left_out == codebase.LEFT_OUT
    assert records(run)
    for secret in PRIVATE:
        assert codebase.holds(tmp_path / "run", secret) == []
        assert codebase.holds(code, secret)


def test_code_that_changes_later_changes_no_finished_seeds(tmp_path: Path) -> None:
    code = codebase.plant(tmp_path / "code")
    with FaultServer(react) as server:
        run = grow(tmp_path / "run", server.endpoint, code)
        before = calls(run)
        (code / "src" / "a.py").write_text(codebase.function("changed"))
        run.seeds()
        assert calls(run) == before


def test_self_instruct_grows_as_many_seeds_as_wanted(tmp_path: Path) -> None:
    seed_tasks(tmp_path)
    with FaultServer(react) as server:
        run = grow(tmp_path / "run", server.endpoint, "self-instruct", count=20, licence="MIT")
        assert max(server.paid.values()) == 1
        paid = server.paid.total()
    assert len(records(run)) == 20
    assert {(row.licence, row.teacher) for row in records(run)} == {("MIT", "m")}
    manifest = json.loads((run.path / "seeds" / "manifest.json").read_text())
    assert manifest["cost"]["answered"] == paid


def test_a_finished_run_needs_neither_teacher_nor_tasks(tmp_path: Path) -> None:
    tasks = seed_tasks(tmp_path)
    with FaultServer(react) as server:
        run = grow(tmp_path / "run", server.endpoint, "self-instruct", count=3)
    tasks.unlink()
    assert run.seeds()["counts"]["seeds"] == 3


def test_self_instruct_wants_a_number(tmp_path: Path) -> None:
    seed_tasks(tmp_path)
    with pytest.raises(RecipeError, match=r"set seeds\.count"):
        grow(tmp_path / "run", "http://127.0.0.1:9/v1", "self-instruct")


def test_an_option_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"seeds\.options: unknown key 'max_line'"):
        grow(tmp_path / "run", "http://127.0.0.1:9/v1", tmp_path, options={"max_line": 3})


def test_a_folder_is_a_source_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = codebase.plant(tmp_path / "code"), tmp_path / "out"
    with FaultServer(react) as server:
        arguments = ["seeds", str(code), "--out", str(out), "--endpoint", server.endpoint]
        assert command([*arguments, "--model", "m", "--count", "2"]) == 0
    assert capsys.readouterr().out.split() == [str(out / "seeds")]
    assert len(read_parquet(out / "seeds" / "records.parquet", Record)) == 2


def test_seeds_that_are_still_to_be_made_cannot_be_planned_with(tmp_path: Path) -> None:
    wanted = recipe.parse({"seeds": {"source": str(tmp_path)}}, "test")
    with pytest.raises(UsageError, match="the teacher helps to make them"):
        names.read_seeds(wanted, None)
