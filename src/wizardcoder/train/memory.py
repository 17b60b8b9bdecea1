"""Memory that does not suffice: how PyTorch says so, and what is tried next."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from wizardcoder.errors import MemoryExhaustedError, TrainingError
from wizardcoder.train.processes import Processes

#: What helps where a step does not fit, in the order in which it costs.
STEP_MEND = (
    "set train.gradient_checkpointing = true, train.parallel = 'fsdp' with more processes, or "
    "train.method = 'lora'; or train with a smaller train.length_tokens"
)
#: How those say it that raise no error of their own for it: PyTorch, C++, oneDNN and the loader.
_SAID = (
    "DefaultCPUAllocator: can't allocate memory",
    "std::bad_alloc",
    "could not create a primitive",
    "Cannot allocate memory",
    "failed to map segment",
)
#: oneDNN's for what it cannot compute at all.
_UNSUPPORTED = "could not create a primitive descriptor"


def is_exhausted(error: Exception) -> bool:
    """Whether an error means that a device, or this machine, has no memory left."""
    said = str(error)
    if isinstance(error, MemoryError) or any(words in said for words in _SAID):
        return _UNSUPPORTED not in said
    if not isinstance(error, RuntimeError):
        return False
    import torch

    return isinstance(error, torch.OutOfMemoryError)


@contextmanager
def explained(
    doing: str, mend: str = STEP_MEND, *, error: type[TrainingError] = TrainingError
) -> Iterator[None]:
    """Say of what finds no memory what it was `doing`, and what mends it, as an `error`."""
    try:
        yield
    except (RuntimeError, MemoryError, ImportError) as raised:
        if not is_exhausted(raised):
            raise
        problem = first_line(raised)
        raise error(
            f"out of memory while {doing} ({problem}); the last good state is kept: {mend}"
        ) from None


def halved(rows_per_batch: int, processes: Processes, problem: str) -> int:
    """Half of the rows for the next try, with what the failed one held given back.

    Raises MemoryExhaustedError for a single row, and where others train too: they are in the
    middle of the step, and wait for this process.
    """
    import torch

    if rows_per_batch == 1:
        raise MemoryExhaustedError(
            f"out of memory with a single row ({problem}); the last state is kept: {STEP_MEND}"
        )
    if processes.count > 1:
        raise MemoryExhaustedError(
            f"process {processes.rank} is out of memory ({problem}); the last state is kept: set "
            f"train.rows_per_batch = {rows_per_batch // 2} and go on; the batch of the optimizer "
            "(rows_per_step) stays as it is"
        )
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return rows_per_batch // 2


def first_line(error: Exception) -> str:
    """What an error says, in a line; its kind, where it says nothing.

    >>> first_line(RuntimeError("no room\\nat 0x7f")), first_line(MemoryError())
    ('no room', 'MemoryError')
    """
    return next(iter(str(error).splitlines()), "") or type(error).__name__
