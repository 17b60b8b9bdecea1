"""All processes of a program count, and a program that does not read is stopped."""

from __future__ import annotations

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Limits, Sandbox

HALF = Limits(cpu_seconds=3, memory_bytes=256 << 20)
FORKS_FROM_A_THREAD = """
import os, threading, time
def work():
    for _ in range(4):
        if not os.fork():
            block = bytearray(b"x") * (100 << 20)
            time.sleep(20)
    time.sleep(20)
def f(x):
    threading.Thread(target=work, daemon=True).start()
    time.sleep(1.5)
    return x
"""
ENDS_FIRST_THREADS = """
import ctypes, os, threading, time
def work():
    block = bytearray(b"x") * (100 << 20)
    time.sleep(20)
def f(x):
    for _ in range(4):
        if not os.fork():
            threading.Thread(target=work).start()
            ctypes.CDLL(None).pthread_exit(None)
    time.sleep(1.5)
    return x
"""
TWO_PROCESSES = """
import os, time
def f(x):
    for _ in range(2):
        if not os.fork():
            block = bytearray(b"x") * (100 << 20)
            time.sleep(20)
    time.sleep(0.8)
    return x
"""
NEVER_READS = """
import os, stat, struct, time
for line in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(line).st_mode): break
    except OSError: pass
os.write(line, struct.pack("<I1s", 0, b"R"))
time.sleep(1000)
"""


@pytest.mark.parametrize("program", [FORKS_FROM_A_THREAD, ENDS_FIRST_THREADS])
def test_memory_counts_whichever_thread_holds_or_forks_it(box: Sandbox, program: str) -> None:
    with Sandbox(HALF, level=box.level) as fresh:
        judgement = fresh.judge(program=program, entry_point="f", test=calls_it_with("1"))
    assert judgement.outcome is Outcome.MEMORY


def test_the_peak_is_that_of_all_processes_together(box: Sandbox) -> None:
    with Sandbox(Limits(cpu_seconds=3), level=box.level) as fresh:
        judgement = fresh.judge(program=TWO_PROCESSES, entry_point="f", test=calls_it_with("1"))
    assert judgement.outcome is Outcome.PASSED
    assert judgement.peak_bytes > 200 << 20


def test_a_program_that_never_reads_a_long_request_is_stopped_as_a_sleeper(box: Sandbox) -> None:
    test = calls_it_with("'x' * 2_000_000")
    judgement = box.judge(program=NEVER_READS, entry_point="f", test=test)
    assert judgement.outcome is Outcome.TIMEOUT
    assert judgement.reason == f"computed and slept for more than {box.limits.cpu_seconds} seconds"
    assert judgement.wall_seconds < box.limits.wall_seconds / 2


def test_a_long_request_reaches_a_program_that_reads(box: Sandbox) -> None:
    test = "def check(candidate): assert candidate('x' * 20_000_000) == 20_000_000"
    judgement = box.judge(program="def f(x): return len(x)", entry_point="f", test=test)
    assert judgement.outcome is Outcome.PASSED


def calls_it_with(argument: str) -> str:
    return f"def check(candidate): candidate({argument})"
