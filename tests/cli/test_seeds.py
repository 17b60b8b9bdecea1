"""`wizardcoder seeds` takes whatever seeds there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hub_server import serve
from wizardcoder.cli.app import run
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import read_parquet

ALPACA = {"instruction": "Add.", "input": "1 2", "output": "3"}
TURNS = [("system", "S"), ("user", "Add."), ("assistant", "3"), ("user", "Why?")]
CHAT = {"messages": [{"role": who, "content": said} for who, said in TURNS]}
SHAREGPT = {"conversations": [{"from": who, "value": said} for who, said in TURNS]}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)


def write(*rows: object, name: str = "s.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def seeds() -> list[Record]:
    return read_parquet(Path("out/seeds/records.parquet"), Record)


def manifest() -> Any:
    return json.loads(Path("out/seeds/manifest.json").read_text())


@pytest.mark.parametrize("row", [CHAT, SHAREGPT], ids=["chat", "sharegpt"])
def test_a_conversation_goes_from_file_to_table(row: object) -> None:
    assert run(["seeds", write(row), "--out", "out"]) == 0
    (seed,) = seeds()
    assert (seed.system, seed.instruction, seed.response, seed.turns) == (
        *("S", "Add.", "3"),
        ("Why?",),
    )


def test_a_table_of_a_run_goes_into_another_with_its_provenance() -> None:
    assert run(["seeds", write(CHAT), "--licence", "CC-BY-4.0", "--out", "first"]) == 0
    table = "first/seeds/records.parquet"
    assert run(["seeds", table, "--licence", "MIT", "--out", "out"]) == 0
    (seed,) = seeds()
    assert (seed.id, seed.source, seed.licence) == ("records/000001", "s", "CC-BY-4.0")
    assert (seed.system, seed.instruction, seed.turns) == ("S", "Add.", ("Why?",))


def test_bad_rows_are_kept_apart_and_counted() -> None:
    empty = {**ALPACA, "instruction": ""}
    assert run(["seeds", write(ALPACA, empty, ALPACA), "--out", "out"]) == 0
    (row,) = read_parquet(Path("out/seeds/rejected.parquet"), Rejected)
    assert row.detail.endswith("s.jsonl:2: field 'instruction' is empty (got '')")
    counts = manifest()["counts"]
    assert (counts["seeds"], counts["rejected"]) == (2, 1)
    assert counts["rules"] == {"no_instruction": 1}


def test_the_format_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(ALPACA, CHAT)
    assert run(["seeds", file, "--out", "out"]) == 2
    assert "s.jsonl:2: is a row in the format chat" in capsys.readouterr().err
    assert run(["seeds", file, "--format", "chat", "--out", "out"]) == 0
    assert [seed.id for seed in seeds()] == ["s/000002"]
    assert run(["seeds", file, "--format", "csv", "--out", "other"]) == 2
    assert "'seeds.format' = 'csv': Input should be" in capsys.readouterr().err


def test_columns_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    file = write({"question": "Add.", "answer": "3"})
    assert run(["seeds", file, "--out", "out"]) == 2
    assert "--set seeds.options.instruction=NAME" in capsys.readouterr().err
    names = ["seeds.options.instruction=question", "seeds.options.response=answer"]
    assert run(["seeds", file, "--out", "out", "--set", names[0], "--set", names[1]]) == 0
    assert [(seed.instruction, seed.response) for seed in seeds()] == [("Add.", "3")]


def test_instructions_without_answers_can_be_read() -> None:
    file = write({"instruction": "Add."})
    assert run(["seeds", file, "--set", "seeds.options.response=", "--out", "out"]) == 0
    assert [seed.response for seed in seeds()] == [""]


def test_the_same_file_read_again_elsewhere_gives_the_same_bytes() -> None:
    file = write(ALPACA, {}, CHAT["messages"])
    for folder in ("one", "two"):
        assert run(["seeds", file, "--out", folder]) == 0
    for table in ("records", "rejected"):
        one, two = (Path(f"{folder}/seeds/{table}.parquet") for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_exact_repeats_each_evolve_alone() -> None:
    assert run(["seeds", "miniature", "--count", "1", "--out", "first"]) == 0
    (task,) = read_parquet(Path("first/seeds/records.parquet"), Record)
    row = {"instruction": task.instruction, "output": task.response}
    command = ["evolve", write(row, row), "--rounds", "2", "--endpoint", "miniature"]
    assert run([*command, "--out", "out"]) == 0
    made = [
        *read_parquet(Path("out/evolved/records.parquet"), Record),
        *read_parquet(Path("out/evolved/rejected.parquet"), Rejected),
    ]
    assert sorted(row.id for row in made) == [f"s/00000{n}#{r}" for n in (1, 2) for r in (1, 2)]


def test_a_stage_folder_is_no_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["seeds", write(ALPACA), "--out", "out"]) == 0
    assert run(["evolve", "out/seeds"]) == 2
    assert "out/seeds: is neither a seed file nor a run folder" in capsys.readouterr().err


def test_a_data_set_in_a_folder_is_read_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tasks").mkdir()
    write(ALPACA, name="tasks/train.jsonl")
    assert run(["seeds", "hf:tasks", "--licence", "MIT", "--out", "out"]) == 0
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    assert run(["seeds", "../out"]) == 0
    (seed,) = read_parquet(Path("../out/seeds/records.parquet"), Record)
    assert (seed.id, seed.source, seed.licence) == ("tasks/000001", "tasks", "MIT")


def test_a_data_set_of_the_hub_becomes_a_run_that_needs_the_hub_no_more(tmp_path: Path) -> None:
    card = b"---\nlicense: apache-2.0\n---\n"
    files = {"README.md": card, "train.jsonl": (json.dumps(ALPACA) + "\n").encode()}
    with serve({"acme/tasks": files}) as hub:
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "NO_PROXY": "127.0.0.1",
        }
        command = [sys.executable, "-m", "wizardcoder", "seeds"]
        fetch = [*command, "hf:acme/tasks", "--out", "out"]
        done = subprocess.run(
            fetch, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "out/seeds\n", "")
        assert manifest()["identity"]["inputs"] == {"hf:acme/tasks": hub.commit("acme/tasks")}
        assert manifest()["counts"]["licences"] == {"Apache-2.0": 1}
        hub.datasets["acme/tasks"] = {"train.jsonl": b"{}"}
        hub.asked.clear()
        again = subprocess.run(
            [*command, "out"], env=environment, timeout=120, capture_output=True, check=False
        )
        assert (again.returncode, hub.asked) == (0, [])
