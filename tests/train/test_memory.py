"""Memory that does not suffice: how it is known, and what is said of it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from wizardcoder.errors import MemoryExhaustedError, TrainingError
from wizardcoder.train.memory import explained, halved, is_exhausted
from wizardcoder.train.processes import ALONE, Processes

#: What PyTorch itself raises where the address space ends.
NO_ROOM = """
import resource, torch
from wizardcoder.train.memory import is_exhausted
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
try:
    torch.empty(1 << 33)
except RuntimeError as error:
    print(is_exhausted(error))
"""


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("could not create a primitive"),
        RuntimeError("std::bad_alloc"),
        MemoryError(),
    ],
    ids=["cuda", "cpu", "onednn", "c++", "python"],
)
def test_a_want_of_memory_is_known(error: Exception) -> None:
    assert is_exhausted(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shapes do not match"),
        RuntimeError("could not create a primitive descriptor for a matmul primitive"),
        ImportError("No module named 'peft'"),
    ],
)
def test_other_errors_are_none(error: Exception) -> None:
    assert not is_exhausted(error)


def test_the_end_of_the_address_space_is_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True\n", done.stderr


def test_what_was_done_and_what_mends_it_are_said() -> None:
    said = r"^out of memory while loading \(MemoryError\); the last good state is kept: buy more$"
    with pytest.raises(TrainingError, match=said), explained("loading", "buy more"):
        raise MemoryError


def test_what_is_no_want_of_memory_goes_through() -> None:
    with pytest.raises(RuntimeError, match=r"^shapes$"), explained("loading", "buy more"):
        raise RuntimeError("shapes")


def test_batches_are_halved() -> None:
    assert halved(5, ALONE, "no room") == 2


def test_a_single_row_cannot_be_halved() -> None:
    with pytest.raises(MemoryExhaustedError, match=r"single row .*gradient_checkpointing = true"):
        halved(1, ALONE, "no room")


def test_one_of_several_processes_says_which_it_is_and_what_to_set() -> None:
    with pytest.raises(MemoryExhaustedError, match=r"process 1 .*train.rows_per_batch = 2"):
        halved(4, Processes(rank=1, count=2), "no room")
