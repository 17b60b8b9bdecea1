"""Files written whole or not at all, disks that are full, and the one writer of a run."""

from __future__ import annotations

import errno
import fcntl
import gzip
import hashlib
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from wizardcoder.errors import RunLockedError, StorageError

_DISK_ERRORS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
        *(errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG),
        *(errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
    }
)


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with disk_errors(path):
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json_lines(path: Path, rows: Iterable[object]) -> None:
    """Write rows as they come, a line of JSON each; gzipped for a name ending in `.gz`.

    The file is there when all are written, or not at all; the same rows give the same bytes.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as raw, ExitStack() as stack:
                write = raw.write
                if path.suffix == ".gz":
                    packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0)
                    write = stack.enter_context(packed).write
                for row in rows:
                    write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(*parts: object) -> str:
    """The SHA-256 of some values, as a hexadecimal text: the source of every random choice."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a disk that is full or refuses to write into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        mend = "make room, or choose another place, and run the same command again"
        if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG}:
            mend = "a file or folder of that name stands in the way, or the name is too long"
        raise StorageError(
            f"{path}: cannot write: {os.strerror(error.errno)}; what was finished is kept: {mend}"
        ) from None


@contextmanager
def run_lock(run: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the one writer's lock of a folder, a run's as a rule.

    Raises RunLockedError naming the holder, unless told to `wait` for it. The system releases it
    when the process ends, however it ends.
    """
    with disk_errors(run):
        run.mkdir(parents=True, exist_ok=True)
        file = (run / ".lock").open("a+b", buffering=0)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            raise RunLockedError(
                f"{run}: another process is writing this run ({file.read().decode().strip()}); "
                "wait for it, or choose another run folder with --out"
            ) from None
        with disk_errors(run):
            file.truncate(0)
            holder = f"process {os.getpid()} on {socket.gethostname()} since {time.ctime()}"
            file.write(holder.encode())
        yield
