"""What a program left on the machine, found by the mark that it carries."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue")
_SCRATCH = "wizardcoder-sandbox-*"


def traces(mark: str) -> list[str]:
    """Surviving processes, left-over files, and objects of the kernel, in words."""
    processes = [f"process {pid} goes on" for pid in survivors(mark)]
    return processes + [f"{path} was left" for path in _files(mark)] + list(_objects(mark))


def survivors(mark: str) -> list[int]:
    """The processes and threads that carry the mark in their name or their arguments."""
    return [int(p.name) for p in Path("/proc").glob("[0-9]*") if mark.encode() in _names(p)]


def end(pids: list[int]) -> None:
    """Ends what `survivors` found: a machine that was not contained is left as it was."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _names(process: Path) -> bytes:
    names = b""
    with suppress(OSError):  # gone meanwhile
        names += (process / "cmdline").read_bytes()
        for task in (process / "task").iterdir():
            names += (task / "comm").read_bytes()
    return names


def _files(mark: str) -> Iterator[Path]:
    """Entries of the folders that everybody shares, and of scratch folders that are still there."""
    for folder in map(Path, _SHARED_FOLDERS):
        yield from folder.glob(f"*{mark}*")
        yield from folder.glob(f"{_SCRATCH}/*/*{mark}*")


def _objects(mark: str) -> Iterator[str]:
    key = str(int(mark[2:], 16) & 0x7FFF_FFFF)
    for kind in ("shm", "sem", "msg"):
        lines = _text(f"/proc/sysvipc/{kind}").splitlines()
        if any(line.split()[0] == key for line in lines):
            yield f"a System V object ({kind}) was left"
    if mark in _text("/proc/keys"):
        yield "a key was left with the kernel"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
