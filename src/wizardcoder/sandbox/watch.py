"""Keeps a running candidate within its limits, from outside.

Reads the clocks and the memory of all its processes from /proc: what a candidate does to its own
clock or to its own limits changes nothing here. Where there is no /proc only the wall limit holds
here, and the kernel's per-process limits do the rest.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from dataclasses import dataclass
from typing import NamedTuple

from wizardcoder.records import Outcome
from wizardcoder.sandbox import processes
from wizardcoder.sandbox.limits import Limits

_TICK_SECONDS = 0.05
_ASLEEP_SHARE = 0.2  # of the time limit; below it a program that is stopped was computing
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# fields of /proc/PID/stat counted behind the command, which may hold anything
_USER, _SYSTEM, _DEAD_USER, _DEAD_SYSTEM, _RESIDENT = 11, 12, 13, 14, 21


class StoppedError(Exception):
    """The candidate ended before it answered, or was stopped."""

    def __init__(self, outcome: Outcome, reason: str, *, wall_limited: bool = False) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.wall_limited = wall_limited


class Usage(NamedTuple):
    """What processes used so far; CPU time includes that of the children they waited for.

    `queued_seconds`: time that they could have run and no processor was free, None where unknown.
    """

    cpu_seconds: float
    queued_seconds: float | None
    resident_bytes: int


@dataclass(slots=True)
class _Allowance:
    """Seconds to be computed and slept, counted from `since`; None: from the next look on."""

    seconds: float
    since: float | None = None

    def is_spent(self, used_seconds: float) -> bool:
        if self.since is None:
            self.since = used_seconds
        return used_seconds - self.since > self.seconds


class Watch:
    """Waits for a candidate's answers while its limits hold. Begins with the candidate."""

    def __init__(self, zygote: int, limits: Limits) -> None:
        self._zygote = zygote
        self._limits = limits
        self._whole = _Allowance(limits.cpu_seconds, 0.0)
        self._part = self._answer = self._whole
        self._waited_seconds = 0.0
        self._started = self._checked = time.monotonic()
        self._inherited_bytes = 0
        self._before = Usage(0.0, 0.0, 0)
        self._slept_seconds = 0.0
        self._peak_bytes = 0

    @property
    def wall_seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def peak_bytes(self) -> int:
        """The most that all its processes were seen to hold together, the zygote's part once."""
        return self._inherited_bytes + self._peak_bytes

    def begin(self, seconds: float, answer_seconds: float) -> None:
        """A part of the work begins: it has `seconds` in all, and so many for each answer."""
        self._part, self._answer = _Allowance(seconds), _Allowance(answer_seconds)

    def answered(self) -> None:
        """The next answer has its own time, from the next look at the clocks on."""
        self._answer.since = None

    def wait(self, peer: socket.socket) -> None:
        """Returns when there is something to read. Raises StoppedError when a limit is reached."""
        self._wait([peer], [])

    def wait_for_room(self, peer: socket.socket) -> None:
        """Returns when something can be written. Raises StoppedError when a limit is reached."""
        self._wait([], [peer])

    def _wait(self, readers: list[socket.socket], writers: list[socket.socket]) -> None:
        while True:
            began = time.monotonic()
            ready = any(select.select(readers, writers, [], _TICK_SECONDS))
            now = time.monotonic()
            self._waited_seconds += now - began
            if not ready or now - self._checked > _TICK_SECONDS:
                self._check()
            if ready:
                return

    def _check(self) -> None:
        limits, usage = self._limits, self._usage()
        self._peak_bytes = max(self._peak_bytes, usage.resident_bytes)
        self._slept_seconds += self._slept(usage)
        asleep = max(0.0, self._slept_seconds)
        if usage.resident_bytes > limits.memory_bytes:
            raise StoppedError(Outcome.MEMORY, f"used more than {limits.memory_bytes} bytes")
        for allowance in (self._whole, self._part, self._answer):
            if allowance.is_spent(usage.cpu_seconds + asleep):
                slept = asleep > _ASLEEP_SHARE * allowance.seconds
                reason = time_reason(allowance.seconds)
                raise StoppedError(Outcome.TIMEOUT, reason, wall_limited=slept)
        if self.wall_seconds > limits.wall_seconds:
            reason = f"did not answer within {limits.wall_seconds:g} seconds"
            raise StoppedError(Outcome.TIMEOUT, reason, wall_limited=True)

    def _slept(self, usage: Usage) -> float:
        """How long the candidate neither ran nor waited for a processor since the last check.

        Counted while the judge waits. Below zero where the clocks disagree or several processes
        ran: only the sum means something.
        """
        elapsed, self._waited_seconds = self._waited_seconds, 0.0
        before, self._before, self._checked = self._before, usage, time.monotonic()
        if usage.queued_seconds is None or before.queued_seconds is None:
            return 0.0
        busy = usage.cpu_seconds - before.cpu_seconds
        queued = usage.queued_seconds - before.queued_seconds
        return elapsed - busy - queued

    def _usage(self) -> Usage:
        """Of all the candidate's processes; memory beyond what each shares with the zygote."""
        if not self._inherited_bytes:
            zygote = _usage(self._zygote)
            self._inherited_bytes = zygote.resident_bytes if zygote else 0
        found = [usage for pid in processes.descendants(self._zygote) if (usage := _usage(pid))]
        queued = [usage.queued_seconds for usage in found if usage.queued_seconds is not None]
        return Usage(
            sum(usage.cpu_seconds for usage in found),
            sum(queued) if queued else None,
            sum(max(0, usage.resident_bytes - self._inherited_bytes) for usage in found),
        )


def time_reason(seconds: float) -> str:
    return f"computed and slept for more than {seconds:g} seconds"


def _usage(pid: int) -> Usage | None:
    try:
        fields = _fields(f"/proc/{pid}/stat")
    except OSError:
        return None
    clocks = sum(fields[i] for i in (_USER, _SYSTEM, _DEAD_USER, _DEAD_SYSTEM))
    resident = fields[_RESIDENT] or _resident_pages(pid)
    return Usage(clocks / _TICKS_PER_SECOND, _queued_seconds(pid), resident * _PAGE_BYTES)


def _resident_pages(pid: int) -> int:
    """What any thread says of a process whose first one has ended, and says nothing any more."""
    most = 0
    with contextlib.suppress(OSError):
        for task in processes.tasks(pid):
            most = max(most, _fields(f"/proc/{pid}/task/{task}/stat")[_RESIDENT])
    return most


def _fields(path: str) -> list[int]:
    """The fields behind the command and the state, which is counted but 0. Raises OSError."""
    return [0, *map(int, processes.read(path).rpartition(")")[2].split()[1:])]


def _queued_seconds(pid: int) -> float | None:
    """How long the threads of a process have waited for a processor, None where unknown."""
    try:
        texts = [processes.read(f"/proc/{pid}/task/{t}/schedstat") for t in processes.tasks(pid)]
        waits = [int(text.split()[1]) for text in texts]
    except (OSError, IndexError):
        return None
    return sum(waits) / 1e9
