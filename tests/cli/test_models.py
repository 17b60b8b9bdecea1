"""`generate` and `serve`: a served checkpoint is evaluated by the command that samples it here."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault_server import FaultServer, say
from wizardcoder.cli.app import run as main
from wizardcoder.records import Completion
from wizardcoder.storage import read_parquet
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer

BENCHMARK = "miniature-dev"
SHORT = ["--set", "generate.max_tokens=8"]


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "tiny"
    tokenizer = make_tokenizer(["def total(xs):\n    return sum(xs)\n"] * 20, 300)
    make_model(TinyBase(width=32, layers=1, heads=2), tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def endpoint(checkpoint: Path) -> Iterator[str]:
    """What `wizardcoder serve` says that it listens at."""
    command = [sys.executable, "-m", "wizardcoder", "serve", str(checkpoint), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 130


def score(table: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    judged = ["--completions", table, "--json", "--out", str(folder)]
    assert main(["evaluate", BENCHMARK, *judged]) == 0
    found = json.loads(capsys.readouterr().out)
    return {key: found[key] for key in ("passed", "total", "outcomes")}


def texts(table: str) -> list[str]:
    return [completion.text for completion in read_parquet(Path(table), Completion)]


def test_a_served_checkpoint_gives_the_score_that_it_gives_in_process(
    checkpoint: Path, endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = [str(checkpoint), BENCHMARK, *SHORT, "--out", str(tmp_path / "here")]
    there = [BENCHMARK, "--endpoint", endpoint, "--model", "tiny", *SHORT]
    assert main(["generate", *here]) == 0
    assert main(["generate", *there, "--out", str(tmp_path / "there")]) == 0
    tables = capsys.readouterr().out.split()
    assert tables == [
        str(tmp_path / where / BENCHMARK / "completions.parquet") for where in ("here", "there")
    ]
    assert texts(tables[0]) == texts(tables[1])
    scores = [score(table, tmp_path / f"judged-{n}", capsys) for n, table in enumerate(tables)]
    assert scores[0] == scores[1]
    assert scores[0]["total"] == 300


def test_answers_that_were_cut_are_told_and_the_budget_has_its_own_exit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FaultServer(lambda call: say("x = ", "length")) as server:
        command = ["generate", BENCHMARK, "--endpoint", server.endpoint, "--model", "m", *SHORT]
        assert main([*command, "--out", str(tmp_path), "--max-tokens", "900"]) == 3
        assert "same command with --max-tokens" in capsys.readouterr().err
        assert main([*command, "--out", str(tmp_path), "--max-tokens", "900000"]) == 0
    assert server.paid.total() == 300
    said = capsys.readouterr().err
    assert "300 of 300 answers were cut" in said
    assert "--set generate.max_tokens=16" in said


def test_answers_that_ended_for_other_reasons_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FaultServer(lambda call: say("x = 1", "content_filter")) as server:
        command = ["generate", BENCHMARK, "--endpoint", server.endpoint, "--model", "m", *SHORT]
        assert main([*command, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "300 of 300 answers ended otherwise: content_filter 300" in said
    assert "were cut" not in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--endpoint", "http://127.0.0.1:9/v1", "--model", "m"], "name a benchmark"),
        ([BENCHMARK, "--endpoint", "http://127.0.0.1:9/v1"], "name it with --model"),
        (["--max-usd", "1"], "--max-usd is for models behind an endpoint"),
        (["-n", "5"], "-n does not go with a run"),
    ],
)
def test_options_that_mean_nothing_together_are_told(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", *arguments]) == 2
    assert re.search(problem, capsys.readouterr().err)


def test_a_checkpoint_without_a_benchmark_is_told(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", str(checkpoint)]) == 2
    assert "name a benchmark" in capsys.readouterr().err


def test_serving_what_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(tmp_path / "nowhere")]) == 2
    assert "cannot be loaded as a model" in capsys.readouterr().err
