"""Lets `multiprocessing` work where a candidate may not touch /dev/shm.

Child side: standard library only. Its locks are files there for an instant, for the sake of
processes that do not descend from their maker. Semaphores in shared memory do without.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import threading
import time
from typing import Any

_RECURSIVE = 0  # the kind of an RLock
_SEMAPHORE_BYTES = 32

_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class SemLock:
    """Stands for `_multiprocessing.SemLock`, for processes that are forked."""

    SEM_VALUE_MAX = 2**31 - 1
    name = None

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind, self.maxvalue = kind, maxvalue
        self._memory = mmap.mmap(-1, _SEMAPHORE_BYTES)
        self._semaphore = (ctypes.c_char * _SEMAPHORE_BYTES).from_buffer(self._memory)
        self.handle = ctypes.addressof(self._semaphore)
        self._held, self._holder = 0, 0
        self._call("sem_init", ctypes.c_int(1), ctypes.c_uint(value))

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        if self.kind == _RECURSIVE and self._is_mine():
            self._held += 1
            return True
        if not (self._call("sem_trywait") or (block and self._wait(timeout))):
            return False
        self._held += 1
        self._holder = threading.get_ident()
        return True

    def release(self) -> None:
        """Raises AssertionError for the lock of another, ValueError when it is free already."""
        if self.kind == _RECURSIVE and not self._is_mine():
            raise AssertionError("attempt to release recursive lock not owned by thread")
        if self.kind != _RECURSIVE or self._held == 1:
            if self._get_value() >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._call("sem_post")
        self._held -= 1

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _wait(self, timeout: float | None) -> bool:
        if timeout is None:
            return self._call("sem_wait")
        seconds, rest = divmod(time.time() + max(0.0, timeout), 1)
        return self._call("sem_timedwait", ctypes.byref(_Timespec(int(seconds), int(rest * 1e9))))

    def _call(self, name: str, *arguments: Any) -> bool:
        """Whether the call succeeded; it is repeated after a signal."""
        while getattr(_libc, name)(ctypes.byref(self._semaphore), *arguments) < 0:
            code = ctypes.get_errno()
            if code in (errno.EAGAIN, errno.ETIMEDOUT):
                return False
            if code != errno.EINTR:
                raise OSError(code, f"{name}: {os.strerror(code)}")
        return True

    # what multiprocessing.synchronize asks besides

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._holder == threading.get_ident()

    def _get_value(self) -> int:
        value = ctypes.c_int()
        self._call("sem_getvalue", ctypes.byref(value))
        return value.value

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        self._held = 0


def install() -> None:
    """Has `multiprocessing` make its locks and its shared values without /dev/shm."""
    from multiprocessing import heap, synchronize

    synchronize._multiprocessing.SemLock = SemLock  # type: ignore[attr-defined]
    heap.Arena._dir_candidates = []  # type: ignore[attr-defined]
