"""A command that ends while a batch goes on says so, and the same command reads its answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batch_server import BatchServer, Fate
from tests.fault_server import Call, Reaction, say
from wizardcoder.teacher import open_batches

COUNT = 5
ENVIRONMENT = {**os.environ, "no_proxy": "127.0.0.1"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "wizardcoder", *map(str, arguments)]


def finished(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=ENVIRONMENT,
    )


def interrupted(sign: signal.Signals, when: Callable[[], bool], *arguments: object) -> str:
    """Start a command, send it a signal once `when` holds, return what it said on stderr."""
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    with process:
        while not when():
            assert process.poll() is None, f"it ended too early: {process.communicate()}"
            time.sleep(0.02)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + sign
    return errors.decode()


def answer(call: Call) -> Reaction:
    return say(f"Write program {len(call.prompt)} in another way.")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_names_the_batch_and_the_same_command_reads_its_answers(
    tmp_path: Path, sign: signal.Signals
) -> None:
    seeds, run = tmp_path / "seeds.jsonl", tmp_path / "run"
    rows = [{"instruction": f"Write program {n}.", "output": "pass"} for n in range(COUNT)]
    seeds.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ledger = run / "ledger.sqlite"

    def at_work() -> bool:
        return any(batch.status == "in_progress" for batch in open_batches(ledger))

    with BatchServer(answer, fates=[Fate(looks=30)]) as server:
        options = {
            "teacher.endpoint": server.endpoint,
            "teacher.batch": "true",
            "teacher.batch_poll_seconds": 0.1,
            "teacher.usd_per_million_prompt_tokens": 1e6,
            "teacher.usd_per_million_completion_tokens": 2e6,
            "evolve.judge.enabled": "false",
        }
        settings = [f"--set={key}={value}" for key, value in options.items()]
        said = interrupted(sign, at_work, "evolve", seeds, "--rounds", 1, "--out", run, *settings)
        assert f"batch batch_0 of {COUNT} requests goes on at {server.endpoint}" in said
        assert "the same command reads its answers" in said
        shown = finished("ledger", "show", run)
        assert f"open batch batch_0: {COUNT} calls, in_progress" in shown.stdout
        again = finished("evolve", run)
        assert again.returncode == 0, again.stderr
        assert max(server.paid.values()) == 1
        cost = json.loads((run / "evolved" / "manifest.json").read_text())["cost"]
        assert cost["usd"] == pytest.approx(server.billed_usd)
