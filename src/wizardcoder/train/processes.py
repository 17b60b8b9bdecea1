"""The processes that train one model together. One alone asks nobody, and needs no torch.

`torchrun` and `accelerate launch` start them, on one machine or several, and say in the
environment who is who.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from wizardcoder.errors import TrainingError, WizardCoderError

_Made = TypeVar("_Made")
#: The others wait that long for the first one, which may clean a large data set meanwhile.
_PATIENCE = timedelta(hours=6)
#: How gloo and NCCL say that a process is gone.
_PEER_LOST = ("Connection closed by peer", "Connection reset by peer", "ncclRemoteError")


@dataclass(frozen=True, slots=True)
class Processes:
    """Who trains: this one is `rank` of `count`, and `local` of those on its machine."""

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this one writes what all have made."""
        return self.rank == 0

    def once(self, make: Callable[[], _Made]) -> _Made:
        """What `make` gives on the first process, on all of them (a copy, so it is picklable).

        An error for the person at the keyboard is raised on all.
        """
        if self.count == 1:
            return make()
        import torch.distributed as dist

        made: _Made | None = None
        error: WizardCoderError | None = None
        if self.first:
            try:
                made = make()
            except WizardCoderError as raised:
                error = raised
        sent = [(error, made)]
        dist.broadcast_object_list(sent, src=0)
        error, received = sent[0]
        if error is not None:
            raise error
        return made if self.first else received  # type: ignore[return-value]

    def total(self, *values: float) -> list[float]:
        """The sum of each value over all processes."""
        if self.count == 1:
            return list(values)
        import torch
        import torch.distributed as dist

        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return [float(value) for value in sums]


#: A process that trains on its own.
ALONE = Processes()


def join() -> Processes:
    """The processes that were started together with this one; the first call connects them."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return ALONE
    import torch
    import torch.distributed as dist

    found = Processes(
        rank=int(os.environ["RANK"]), count=count, local=int(os.environ.get("LOCAL_RANK", "0"))
    )
    if not dist.is_initialized():
        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(found.local)
        dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=_PATIENCE)
        atexit.register(_leave)
    return found


@contextmanager
def losing_peers(processes: Processes) -> Iterator[None]:
    """Say with a TrainingError that another process has ended: it says itself why."""
    try:
        yield
    except RuntimeError as error:
        if processes.count == 1 or not any(words in str(error) for words in _PEER_LOST):
            raise
        raise TrainingError(
            "another process of this training has ended, and says why; the last good state is "
            "kept: mend that, and the same command goes on"
        ) from None


def _leave() -> None:
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()
