"""`wizardcoder train RUN` in one process and in two, ended by SIGTERM and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import tiny
from wizardcoder import recipe
from wizardcoder.pipeline import open_run

from .test_interruption import wait_for, wait_until_gone

ONE = (sys.executable, "-m", "wizardcoder")
TWO = (
    *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
    *("--nproc-per-node", "2", "-m", "wizardcoder"),
)
ARMS = 'arms=["base", "seed"]'
LONG = ("train.label_tokens=30000", "train.checkpoint_seconds=1e6")


def make_run(folder: Path, *overrides: str) -> None:
    """A run with its data, as far as training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        wanted = recipe.load(tiny.write_recipe(folder), [ARMS, *overrides])
        run = open_run(folder / "run", wanted)
        run.seeds()
        run.evolve()
        run.clean()
        run.base()


def begin(folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    """`wizardcoder train run`, in a process group of its own."""
    return subprocess.Popen(
        [*command, "train", "run"],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def complete(folder: Path, command: Sequence[str]) -> str:
    with begin(folder, command) as process:
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def losses(log: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in log.read_text().splitlines()]


@pytest.mark.slow
def test_sigterm_saves_the_last_step_and_ends_with_143(tmp_path: Path) -> None:
    make_run(tmp_path, *LONG)
    partial = tmp_path / "run" / "model" / "seed.partial"
    with begin(tmp_path, ONE) as process:
        log = partial / "train.jsonl"
        assert wait_for(lambda: log.exists() and log.stat().st_size > 0, process)  # type: ignore[arg-type]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert "the same command in the same folder goes on" in errors
    (state,) = (partial / "states").glob("0*")
    before = losses(log)
    assert int(state.name) == len(before) > 0
    complete(tmp_path, ONE)
    assert losses(tmp_path / "run" / "model" / "seed" / "train.jsonl")[: len(before)] == before


@pytest.mark.slow
def test_a_worker_of_a_whole_run_saves_too(tmp_path: Path) -> None:
    make_run(tmp_path, *LONG)
    partial = tmp_path / "run" / "model" / "seed.partial"
    command = [sys.executable, "-m", "wizardcoder", "run", "run/recipe.toml", "--out", "run"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        log = partial / "train.jsonl"
        assert wait_for(lambda: log.exists() and log.stat().st_size > 0, process)
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 143
    wait_until_gone(process.pid)
    (state,) = (partial / "states").glob("0*")
    assert int(state.name) == len(losses(log))


@pytest.mark.slow
def test_two_processes_train_the_arms_of_a_run_as_one_does(tmp_path: Path) -> None:
    curves = []
    for command, parallel in ((ONE, "none"), (TWO, "ddp"), (TWO, "fsdp")):
        folder = tmp_path / parallel
        folder.mkdir()
        make_run(folder, f'train.parallel="{parallel}"')
        assert complete(folder, command).splitlines()[-1] == "run/model"
        curves.append(losses(folder / "run" / "model" / "seed" / "train.jsonl"))
    assert curves[1] == pytest.approx(curves[0], abs=1e-3)
    assert curves[2] == pytest.approx(curves[0], abs=1e-3)


@pytest.mark.slow
def test_what_is_wrong_is_said_once_by_two_processes(tmp_path: Path) -> None:
    make_run(tmp_path)
    with begin(tmp_path, TWO) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert errors.count("Error: 2 processes train together") == 1
