"""Clears away what a candidate left behind where no namespace took it along.

Child side: standard library only.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from pathlib import Path

from wizardcoder.sandbox import processes

_BLOCK_BYTES = 512  # the unit of st_blocks


def kill_descendants() -> None:
    """Kills and reaps all that descends from this process, which adopts the orphans.

    Stopped first: stopped processes cannot fork but still count, so that a fork bomb runs into its
    limit of processes instead of filling the places of those that were killed.
    """
    while processes.children(os.getpid()):
        stopped: set[int] = set()
        while running := set(processes.descendants(os.getpid())) - stopped:
            _signal(running, signal.SIGSTOP)
            stopped |= running
        _signal(stopped, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def remove(folder: str) -> int:
    """Removes a folder whatever its modes and its depth; returns how many bytes its files took.

    What could interfere is dead. Folders inside are moved to its top before they are emptied: no
    path grows longer than the system takes, and nothing recurses.
    """
    top, unique = itertools.count(), os.urandom(8).hex()
    size = 0
    with contextlib.suppress(OSError):
        Path(folder).chmod(0o700)
        left = [folder]
        while left:
            inner, bytes_removed = _empty_but_folders(left[-1])
            size += bytes_removed
            for path in inner:
                Path(path).chmod(0o700)
                left.append(f"{folder}/{unique}-{next(top)}")
                Path(path).rename(left[-1])
            if not inner:
                Path(left.pop()).rmdir()
    return size


def _empty_but_folders(folder: str) -> tuple[list[str], int]:
    """Removes what lies in a folder except folders; returns those, and the bytes removed."""
    with os.scandir(folder) as found:
        entries = list(found)
    inner, size = [], 0
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            inner.append(entry.path)
        else:
            size += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
            Path(entry).unlink()
    return inner, size


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
