"""The family of a process, as /proc tells it. Both sides, standard library only."""

from __future__ import annotations

import contextlib
import os


def children(pid: int) -> list[int]:
    """The child processes of a process; none where it is gone or the system does not tell.

    The kernel lists them by the thread that forked them, so each thread is asked.
    """
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in tasks(pid):
            with contextlib.suppress(OSError):  # it ended; its children are another's now
                found += map(int, read(f"/proc/{pid}/task/{task}/children").split())
    return found


def descendants(pid: int) -> list[int]:
    """The children of a process, theirs, and so on."""
    found = children(pid)
    for child in found:  # grows while it is walked
        found += children(child)
    return found


def tasks(pid: int) -> list[str]:
    """The threads of a process. Raises OSError where it is gone."""
    return os.listdir(f"/proc/{pid}/task")


def read(path: str) -> str:
    """The text of a file of /proc. Raises OSError."""
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 (read often)
        return file.read()
