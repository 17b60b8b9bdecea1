"""Memory that does not suffice: how PyTorch says so, and what is tried next."""

from __future__ import annotations

import gc

from wizardcoder.errors import TrainingError
from wizardcoder.train.processes import Processes


def is_exhausted(error: RuntimeError) -> bool:
    """Whether an error means that a device, or this machine, has no memory left."""
    import torch

    on_cpu = "DefaultCPUAllocator: can't allocate memory" in str(error)
    return isinstance(error, torch.OutOfMemoryError) or on_cpu


def halved(rows_per_batch: int, processes: Processes, problem: str) -> int:
    """Half of the rows for the next try, with what the failed one held given back.

    Raises TrainingError for a single row, and where others train too: they are in the middle of
    the step, and wait for this process.
    """
    import torch

    if rows_per_batch == 1:
        raise TrainingError(
            f"out of memory with a single row ({problem}); the last state is kept: set "
            "train.gradient_checkpointing = true, train.parallel = 'fsdp' with more processes, or "
            "train.method = 'lora'; or train with a smaller train.length_tokens"
        )
    if processes.count > 1:
        raise TrainingError(
            f"process {processes.rank} is out of memory ({problem}); the last state is kept: set "
            f"train.rows_per_batch = {rows_per_batch // 2} and go on; the batch of the optimizer "
            "(rows_per_step) stays as it is"
        )
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return rows_per_batch // 2
