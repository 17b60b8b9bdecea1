"""kill -9 in the middle of each stage, then the same command: as if nothing had happened."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny
from wizardcoder.pipeline import Run

#: A stage of the tiny run, and a file that is there only while the stage is at work.
STAGES = {
    "evolve": "evolved.partial/attempts.jsonl",
    "clean": "clean.partial/identity.json",
    "pre-train": "model/base.partial/train.jsonl",
    "control": "controls/more-of-the-same/clean.partial/identity.json",
    "train": "model/seed.partial/train.jsonl",
    "generate": "completions/round-1/miniature-dev.partial/completions.jsonl",
    "evaluate": "verdicts/more-of-the-same/miniature-dev.partial/identity.json",
}
QUICK = {"evolve", "train"}


def begin(folder: Path) -> subprocess.Popen[bytes]:
    """`wizardcoder run` on the tiny recipe, in a process group of its own."""
    command = [sys.executable, "-m", "wizardcoder", "run", "tiny.toml", "--out", "run"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Whether the condition came true before the process ended."""
    while process.poll() is None:
        if condition():
            return True
        time.sleep(0.0005)
    return False


def kill_in(stage: str, folder: Path) -> bool:
    """Kill the main process while a stage is at work; whether the stage was caught unfinished."""
    file = folder / "run" / STAGES[stage]
    with begin(folder) as process:
        seen = wait_for(lambda: file.exists() and file.stat().st_size > 0, process)
        process.kill()  # its workers have to notice by themselves
    wait_until_gone(process.pid)
    return seen and file.exists()


def wait_until_gone(group: int) -> None:
    """Wait until no process of the group is left, at most ten seconds."""
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError(f"processes of group {group} outlive the command")


@pytest.mark.parametrize(
    "stage", [pytest.param(s, marks=[] if s in QUICK else pytest.mark.slow) for s in STAGES]
)
def test_a_run_killed_in_a_stage_completes_with_the_same_tables(
    stage: str, finished: Run, tmp_path: Path
) -> None:
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        tiny.write_recipe(folder)
        if kill_in(stage, folder):
            break
    else:
        pytest.fail(f"the stage {stage} was over too quickly to be interrupted")
    with begin(folder) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    assert tiny.tables(folder / "run") == tiny.tables(finished.path)


def test_sigterm_ends_with_143_and_the_run_goes_on(finished: Run, tmp_path: Path) -> None:
    tiny.write_recipe(tmp_path)
    file = tmp_path / "run" / STAGES["train"]
    with begin(tmp_path) as process:
        assert wait_for(file.exists, process)
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert b"the same command in the same folder goes on" in errors
    wait_until_gone(process.pid)
    with begin(tmp_path) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    assert tiny.tables(tmp_path / "run") == tiny.tables(finished.path)
