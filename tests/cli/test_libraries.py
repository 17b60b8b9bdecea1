"""What `doctor ds1000` prints, and its exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import planted_ds1000 as planted
from wizardcoder.benchmarks import environment, installation
from wizardcoder.benchmarks.environment import Environment
from wizardcoder.benchmarks.installation import Download, Plan
from wizardcoder.cli.app import run

PLAN = Plan(
    "python3",
    "3.10.13",
    Path("there"),
    (Download("numpy", "1.26.4", 3 << 20), Download("torch", "2.2.0", None)),
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def data(folder: Path) -> str:
    context = planted.CONTEXT.replace("x = 2", "import torch")
    return str(planted.write(folder, planted.row(0), planted.row(1, code_context=context)))


def finish(*without: str) -> Environment:
    found = planted.environment(environment.folder_of("3.10.13"), without=without)
    environment.finish(found)
    return found


def test_without_an_environment_the_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "ds1000"]) == 2
    assert "wizardcoder doctor ds1000 --install" in capsys.readouterr().err


def test_what_is_there_and_what_cannot_run_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = finish("torch")
    environment.finish(replace(found, versions={**found.versions, "pandas": "1.6.0"}))
    assert run(["doctor", "ds1000", "--data", data(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("DS-1000 on Python 3.10.13 in ")
    assert "ok  numpy 1.26.4" in lines
    assert "--  pandas 1.6.0 for 1.5.3" in lines
    assert "--  no torch 2.2.0" in lines
    assert lines[-2:] == ["cannot run 1: torch is not installed", "can run 1 of 2 problems"]


def test_the_size_of_the_download_is_said_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def install(plan: Plan, announce: object) -> Environment:
        said.append(capsys.readouterr().out)
        return finish()

    monkeypatch.setattr(installation, "plan", lambda python: PLAN)
    monkeypatch.setattr(installation, "install", install)
    assert run(["doctor", "ds1000", "--install", "--data", data(tmp_path)]) == 0
    assert said == ["to fetch: 3 MiB at most, 2 packages, and the unknown size of torch\n"]
    assert capsys.readouterr().out.endswith("can run 2 of 2 problems\n")


def test_a_dry_run_stops_after_the_size(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "plan", lambda python: PLAN)
    monkeypatch.setattr(installation, "install", None)
    assert run(["doctor", "ds1000", "--install", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("to fetch: 3 MiB at most")


@pytest.mark.parametrize("option", [["--dry-run"], ["--python", "python3"]])
def test_options_of_installing_go_with_installing(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "ds1000", *option]) == 2
    assert "--dry-run and --python go with --install" in capsys.readouterr().err
