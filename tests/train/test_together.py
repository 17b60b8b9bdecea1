"""Two processes on one machine (gloo), started once by torchrun, train as one process does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from wizardcoder.errors import RecipeError
from wizardcoder.recipe import Train
from wizardcoder.train import check, fit
from wizardcoder.train.journal import LOG
from wizardcoder.train.processes import Processes

from .conftest import make_records

#: Five rows for two processes and passes of one row: one of them has less to do.
OPTIONS = {
    "lr": 1e-2,
    "warmup_steps": 2,
    "rows_per_step": 5,
    "rows_per_batch": 1,
    "length_tokens": 96,
    "precision": "fp32",
    "steps": 8,
    "checkpoint_seconds": 1e-6,
    "trackers": [],
}
#: What two processes train, and what one process trains to compare with.
TWO: dict[str, dict[str, object]] = {
    "ddp": {"parallel": "ddp", "ema": True},
    "fsdp": {"parallel": "fsdp", "ema": True},
    "ddp-bf16": {"parallel": "ddp", "precision": "bf16", "gradient_checkpointing": True},
    "fsdp-bf16": {"parallel": "fsdp", "precision": "bf16", "gradient_checkpointing": True},
    "fsdp-lora": {"parallel": "fsdp", "method": "lora"},
}
WORKER = """
import json, os, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from wizardcoder.recipe import Train
from wizardcoder.records import Record
from wizardcoder.train import fit
base, out, trainings, records, seconds = json.loads(sys.argv[1])
records = [Record(**row) for row in records]
for name, options in trainings.items():
    fit(records, Path(base), Train.model_validate(options), Path(out) / name,
        progress=lambda done, total, note="": time.sleep(seconds))
"""


def options_of(**changes: object) -> dict[str, object]:
    lora = {"rank": 4, "dropout": 0.0}
    return {**OPTIONS, "lora": lora, **changes}


def start(
    base: Path, out: Path, trainings: Mapping[str, object], seconds: float = 0.0
) -> subprocess.Popen[str]:
    """torchrun in a process group of its own; each step takes `seconds` more."""
    rows = [{k: getattr(r, k) for k in r.__slots__} for r in make_records()]
    out.mkdir(parents=True, exist_ok=True)
    script = out / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    given = json.dumps([str(base), str(out), trainings, rows, seconds])
    return subprocess.Popen(
        [sys.executable, *launch, str(script), given],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def alone(name: str) -> str:
    """The training of one process that is like one of two."""
    return name.partition("-")[2] or "plain"


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / LOG).read_text().splitlines()]


def wait_for_state(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not any((folder / "states").glob("0*")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def two(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    with start(base, folder, {name: options_of(**c) for name, c in TWO.items()}) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return folder


@pytest.fixture(scope="module")
def one(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    for name, changes in TWO.items():
        if name.startswith("fsdp"):
            options = Train.model_validate(options_of(**{**changes, "parallel": "none"}))
            fit(make_records(), base, options, folder / alone(name))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO)
def test_two_processes_have_the_loss_curve_of_one(name: str, two: Path, one: Path) -> None:
    curve = losses(one / alone(name))
    assert len(curve) == OPTIONS["steps"]
    assert losses(two / name) == pytest.approx(curve, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddp", "fsdp", "fsdp-lora"])
def test_two_processes_write_the_checkpoint_of_one(name: str, two: Path, one: Path) -> None:
    found = load_file(two / name / "model.safetensors")
    wanted = load_file(one / alone(name) / "model.safetensors")
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[k], wanted[k], atol=1e-3) for k in wanted)


@pytest.mark.slow
def test_the_manifest_says_how_many_processes_trained(two: Path) -> None:
    assert json.loads((two / "ddp" / "manifest.json").read_text())["counts"]["processes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_killed_go_on_as_one(
    parallel: str, base: Path, one: Path, tmp_path: Path
) -> None:
    options = options_of(parallel=parallel, ema=True)
    with start(base, tmp_path, {"arm": options}, seconds=0.3) as process:
        wait_for_state(tmp_path / "arm.partial", process)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGKILL)
    options_alone = Train.model_validate({**options, "parallel": "none"})
    seen: list[int] = []
    fit(
        make_records(),
        base,
        options_alone,
        tmp_path / "arm",
        progress=lambda done, total, note="": seen.append(done),
    )
    assert seen[0] > 1  # it went on, and did not begin anew
    assert losses(tmp_path / "arm") == pytest.approx(losses(one / "plain"), abs=1e-4)


@pytest.mark.slow
def test_sigterm_saves_the_state_of_both_and_two_go_on(
    base: Path, one: Path, tmp_path: Path
) -> None:
    options = options_of(parallel="fsdp", ema=True, checkpoint_seconds=1e6)
    with start(base, tmp_path, {"arm": options}, seconds=0.3) as process:
        log = tmp_path / "arm.partial" / LOG
        while not (log.exists() and log.stat().st_size):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        process.terminate()
        process.communicate(timeout=60)
    (state,) = (tmp_path / "arm.partial" / "states").glob("0*")
    assert int(state.name) == len(log.read_text().splitlines())
    with start(base, tmp_path, {"arm": options}) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert losses(tmp_path / "arm") == pytest.approx(losses(one / "plain"), abs=1e-4)


def test_processes_that_do_not_know_how_to_share_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"2 processes .* train.parallel = 'none': set it to"):
        check(Train(), Processes(rank=0, count=2))


@pytest.mark.parametrize("other", [{"precision": "fp16"}, {"method": "qlora"}])
def test_what_cannot_be_shared_out_is_refused(other: dict[str, str]) -> None:
    options = Train.model_validate({"parallel": "fsdp", **other})
    with pytest.raises(RecipeError, match=r"parallel = 'fsdp' with .*; use"):
        check(options)
