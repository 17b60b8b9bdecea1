"""The family of a process is found whoever of it forked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from wizardcoder.sandbox import processes

FORKS_FROM_A_THREAD = """
import subprocess, threading
def work():
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    child.wait()
threading.Thread(target=work).start()
"""


@pytest.fixture
def start() -> Iterator[Callable[[str], tuple[int, int]]]:
    """Runs a program that prints the process id of a child; both ids."""
    running: list[subprocess.Popen[bytes]] = []
    children: list[int] = []

    def run(code: str) -> tuple[int, int]:
        running.append(subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE))
        assert running[-1].stdout is not None
        children.append(int(running[-1].stdout.readline()))
        return running[-1].pid, children[-1]

    yield run
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for process in running:
        with process:
            process.kill()


def test_a_child_that_a_thread_forked_is_found(start: Callable[[str], tuple[int, int]]) -> None:
    parent, child = start(FORKS_FROM_A_THREAD)
    assert processes.children(parent) == [child]


def test_descendants_are_found_through_threads(start: Callable[[str], tuple[int, int]]) -> None:
    parent, child = start(FORKS_FROM_A_THREAD)
    assert {parent, child} <= set(processes.descendants(os.getpid()))


def test_a_process_that_is_gone_has_no_children() -> None:
    done = subprocess.Popen(["true"])
    done.wait()
    assert processes.children(done.pid) == []
