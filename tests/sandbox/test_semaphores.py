"""Locks between processes that leave nothing in /dev/shm."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time

import pytest

from wizardcoder.sandbox.semaphores import SemLock

RECURSIVE, SEMAPHORE = 0, 1
POOL = """
import multiprocessing, os
from wizardcoder.sandbox import semaphores
semaphores.install()
def square(x): return x * x
context = multiprocessing.get_context("fork")
before = set(os.listdir("/dev/shm"))
queue, count = context.SimpleQueue(), context.Value("i", 3)
with context.Pool(2) as pool:
    queue.put(pool.map(square, range(count.value)))
print(queue.get(), set(os.listdir("/dev/shm")) - before)
"""


def lock(kind: int = SEMAPHORE) -> SemLock:
    return SemLock(kind, 1, 1, "", True)


def test_a_lock_is_held_by_one_at_a_time() -> None:
    held = lock()
    assert held.acquire()
    assert not held.acquire(block=False)
    held.release()
    assert held.acquire(block=False)


def test_waiting_ends_in_time() -> None:
    held, started = lock(), time.monotonic()
    held.acquire()
    assert not held.acquire(timeout=0.1)
    assert 0.05 < time.monotonic() - started < 5


def test_a_recursive_lock_is_its_holders_until_the_last_release() -> None:
    held = lock(RECURSIVE)
    assert held.acquire() and held.acquire()
    held.release()
    assert held._is_mine() and held._is_zero()
    held.release()
    assert not held._is_mine() and held._get_value() == 1


def test_a_recursive_lock_is_released_by_its_holder_only() -> None:
    held, errors = lock(RECURSIVE), []
    held.acquire()

    def release() -> None:
        try:
            held.release()
        except AssertionError as error:
            errors.append(str(error))

    thread = threading.Thread(target=release)
    thread.start()
    thread.join()
    assert errors == ["attempt to release recursive lock not owned by thread"]


def test_a_free_lock_cannot_be_released() -> None:
    with pytest.raises(ValueError, match="released too many times"):
        lock().release()


def test_a_child_process_waits_for_its_parent() -> None:
    held = lock()
    held.acquire()
    child = multiprocessing.get_context("fork").Process(target=held.acquire)
    child.start()
    child.join(0.2)
    assert child.is_alive()
    held.release()
    child.join(10)
    assert child.exitcode == 0


def test_pools_queues_and_values_work_with_it_and_leave_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", POOL], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[0, 1, 4] set()\n", done.stderr
