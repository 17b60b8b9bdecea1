"""What an interrupted training goes on from: its state, saved whole or not at all.

    states/00000120/    last.json, and tensors that each process has written its part of

Tensors are stored by the name of their weight and not by process (torch.distributed.checkpoint),
so that training may go on with another number of processes, or shared out in another way.
"""

from __future__ import annotations

import errno
import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wizardcoder.errors import TrainingError
from wizardcoder.storage import disk_errors, write_text
from wizardcoder.train.processes import Processes

STATES = "states"
_LAST = "last.json"


def save_state(
    folder: Path,
    step: int,
    tensors: dict[str, Any],
    last: list[Any],
    *,
    processes: Processes,
    keep: int,
) -> None:
    """Add the state after `step`, and drop all but the `keep` newest.

    Raises StorageError when it cannot be written; those before stay.
    """
    from torch.distributed.checkpoint.state_dict_saver import save

    final = _place(folder, step)
    temporary = final.with_name(f".{final.name}")
    with disk_errors(folder), _plain_errors():
        save(tensors, checkpoint_id=temporary, no_dist=processes.count == 1)
    processes.once(lambda: _settle(temporary, final, last, keep))


def load_state(folder: Path, tensors: dict[str, Any], processes: Processes) -> list[Any] | None:
    """Fill `tensors`, which have the names and shapes, with the newest state; returns its `last`.

    None when there is no state. Raises TrainingError when it is not one of this training.
    """
    from torch.distributed.checkpoint.state_dict_loader import load

    newest = _newest(folder)
    if newest is None:
        return None
    with _plain_errors(f"{newest}: is no state of this training; remove it to begin anew"):
        load(tensors, checkpoint_id=newest, no_dist=processes.count == 1)
    last: list[Any] = json.loads((newest / _LAST).read_text(encoding="utf-8"))
    return last


def drop_states(folder: Path) -> None:
    """Remove all states, when nothing needs them any more."""
    shutil.rmtree(folder / STATES, ignore_errors=True)


def _settle(temporary: Path, final: Path, last: list[Any], keep: int) -> None:
    with disk_errors(final):
        write_text(temporary / _LAST, json.dumps(last))
        if final.exists():  # left by a training that was further than the log
            shutil.rmtree(final)
        temporary.rename(final)
        for old in _all(final.parent)[:-keep]:
            shutil.rmtree(old)


def _newest(folder: Path) -> Path | None:
    return next(reversed(_all(folder / STATES)), None)


def _all(states: Path) -> list[Path]:
    """The whole states, oldest first."""
    return sorted(path for path in states.glob("[0-9]*") if (path / _LAST).exists())


def _place(folder: Path, step: int) -> Path:
    return folder / STATES / f"{step:08}"


@contextmanager
def _plain_errors(otherwise: str = "") -> Iterator[None]:
    """Say with usual errors what torch.distributed.checkpoint says with its own.

    `otherwise` is the message for what no full disk explains.
    """
    from torch.distributed.checkpoint.api import CheckpointException

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")
            yield
    except CheckpointException as error:
        cause = next(iter(error.failures.values()))[0]
        if isinstance(cause, OSError):
            raise cause from None
        if not otherwise and isinstance(cause, RuntimeError):  # how torch says: the disk is full
            raise OSError(errno.ENOSPC, str(cause)) from None
        raise TrainingError(f"{otherwise} ({cause})") from None
