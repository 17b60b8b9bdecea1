from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from wizardcoder.errors import TrainingError
from wizardcoder.train.processes import ALONE
from wizardcoder.train.states import STATES, drop_states, load_state, save_state

FULL_DISK = """
import pathlib, resource, signal, sys
import torch
from wizardcoder.errors import StorageError
from wizardcoder.train.processes import ALONE
from wizardcoder.train.states import load_state, save_state
folder = pathlib.Path(sys.argv[1])
save_state(folder, 1, {"weights": torch.ones(10)}, [1], processes=ALONE, keep=1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
try:
    save_state(folder, 2, {"weights": torch.zeros(100_000)}, [2], processes=ALONE, keep=1)
except StorageError as error:
    found = {"weights": torch.zeros(10)}
    print("make room" in str(error), load_state(folder, found, ALONE), int(found["weights"].sum()))
"""


def save(folder: Path, step: int, *, keep: int = 1) -> None:
    tensors = {"weights": torch.full((3,), float(step))}
    save_state(folder, step, tensors, [step, None], processes=ALONE, keep=keep)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / STATES).iterdir())


def test_the_newest_state_comes_back(tmp_path: Path) -> None:
    save(tmp_path, 9)
    save(tmp_path, 10)
    tensors = {"weights": torch.zeros(3)}
    assert load_state(tmp_path, tensors, ALONE) == [10, None]
    assert tensors["weights"].tolist() == [10.0] * 3


def test_as_many_states_are_kept_as_asked(tmp_path: Path) -> None:
    for step in (5, 6, 7, 8):
        save(tmp_path, step, keep=2)
    assert names(tmp_path) == ["00000007", "00000008"]


def test_without_a_state_nothing_is_loaded(tmp_path: Path) -> None:
    assert load_state(tmp_path, {}, ALONE) is None


def test_half_a_state_is_none(tmp_path: Path) -> None:
    save(tmp_path, 3)
    half = tmp_path / STATES / ".00000004"
    half.mkdir()
    (half / "__0_0.distcp").write_bytes(b"half")
    assert load_state(tmp_path, {"weights": torch.zeros(3)}, ALONE) == [3, None]


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    save(tmp_path, 3)
    with pytest.raises(TrainingError, match="is no state of this training; remove it"):
        load_state(tmp_path, {"others": torch.zeros(3)}, ALONE)


def test_states_are_dropped_when_nothing_needs_them(tmp_path: Path) -> None:
    save(tmp_path, 3)
    drop_states(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_state_that_does_not_fit_on_the_disk_leaves_the_one_before(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "True [1] 10\n", done.stderr
