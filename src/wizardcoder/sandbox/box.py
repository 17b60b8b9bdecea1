"""The Sandbox: judges tasks in parallel lanes, and survives whatever happens in them."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from wizardcoder.errors import SandboxError, UsageError
from wizardcoder.records import Outcome
from wizardcoder.sandbox import wire
from wizardcoder.sandbox.limits import LEVELS, Check, Interpreter, Judgement, Limits, Task, dump

_PACKAGE = Path(__file__).resolve().parents[1]
_SPARE_SECONDS = 20.0
_START_SECONDS = 180.0
#: Starts a worker without importing what it does not need; the path is the caller's own.
_BOOT = """
import sys, types
package, descriptor = sys.argv[1:]
sys.path.remove("")
for name, path in (("wizardcoder", package), ("wizardcoder.sandbox", package + "/sandbox")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from wizardcoder.sandbox import worker
worker.main(int(descriptor))
"""


class Judged(NamedTuple):
    """The judgement of one of the tasks given, counted from 0."""

    number: int
    judgement: Judgement


class Sandbox:
    """Judges programs that may be wrong, runaway or hostile.

    >>> with Sandbox(allow_weak=True) as box:
    ...     judgement = box.judge(
    ...         program="def double(x): return 2 * x",
    ...         entry_point="double",
    ...         test="def check(candidate): assert candidate(4) == 8",
    ...     )
    >>> print(judgement.outcome, judgement.attested)
    passed True

    `level` is one of `full`, `no-namespaces`, `weak` (see `cage`), or `auto`: the strongest that
    holds on this machine, found out by trying to break out of it. `weak` needs `allow_weak`.
    `jobs`: programs judged at the same time. `interpreter`: the Python that runs the programs, by
    default this one. Raises SandboxError when no level asked for holds.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008 (immutable)
        *,
        level: str = "auto",
        allow_weak: bool = False,
        jobs: int = 1,
        interpreter: Interpreter = Interpreter(),  # noqa: B008 (immutable)
    ) -> None:
        self.limits = limits
        self.jobs = jobs
        self._levels = _levels(level, allow_weak)
        self._interpreter = interpreter
        self._lanes: list[_Lane] = []
        self.level = ""  # known once entered

    def __enter__(self) -> Self:
        try:
            for _ in range(self.jobs):  # they start at the same time
                self._open_lane()
            self.level = self._lanes[0].level()
        except (EOFError, ConnectionError, TimeoutError):
            self.close()
            raise SandboxError("the sandbox's judge could not be started") from None
        except BaseException:
            self.close()
            raise
        self._levels = [self.level]
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all lanes; nothing of any program is left."""
        for lane in self._lanes:
            lane.hang_up()
        for lane in self._lanes:
            lane.close()
        self._lanes.clear()

    def judge(self, *, program: str, entry_point: str, test: str, helpers: str = "") -> Judgement:
        """The judgement of one program; `test` defines `check(candidate)` (see Check)."""
        task = Check(program=program, entry_point=entry_point, test=test, helpers=helpers)
        return next(self.judge_all([task])).judgement

    def judge_all(self, tasks: Iterable[Task]) -> Iterator[Judged]:
        """The judgements of many tasks, each as soon as it stands.

        What the wall clock stopped is judged once more at the end, alone, before it counts.
        """
        alone: list[_Job] = []
        for job, judgement in self._run(_Job(i, task) for i, task in enumerate(tasks)):
            if judgement.wall_limited:
                alone.append(job)
            else:
                yield Judged(job.number, judgement)
        for job in alone:
            for _, judgement in self._run(iter([job])):
                yield Judged(job.number, judgement)

    def _run(self, jobs: Iterator[_Job]) -> Iterator[tuple[_Job, Judgement]]:
        again: deque[_Job] = deque()
        busy: dict[_Lane, _Job] = {}
        try:
            while True:
                while len(busy) < self.jobs and (job := _next(again, jobs)):
                    busy[self._give(job, busy)] = job
                if not busy:
                    return
                for lane in _ready(busy):
                    judgement = self._collect(lane, busy[lane])
                    if judgement is None:
                        continue
                    job = busy.pop(lane)
                    if judgement.outcome is Outcome.INFRA_ERROR and not job.retried:
                        again.append(_Job(job.number, job.task, retried=True))
                    else:
                        yield job, judgement
        finally:
            for lane in busy:  # the caller stopped early
                self._drop(lane)

    @property
    def _patience_seconds(self) -> float:
        """After this a lane hangs: a task may run twice, sealed and unsealed."""
        return 2 * self.limits.wall_seconds + _SPARE_SECONDS

    def _give(self, job: _Job, busy: dict[_Lane, _Job]) -> _Lane:
        """The lane that took the task: an idle one, replaced if it died meanwhile."""
        if job.retried:  # what ended its judge may be ending the idle ones too
            for lane in [lane for lane in self._lanes if lane not in busy]:
                self._drop(lane)
        while True:
            lane = self._idle_lane(busy)
            try:
                lane.give(job.task, self._patience_seconds)
            except ConnectionError:
                self._drop(lane)
            else:
                return lane

    def _idle_lane(self, busy: dict[_Lane, _Job]) -> _Lane:
        for lane in self._lanes:
            if lane not in busy:
                return lane
        return self._open_lane()

    def _open_lane(self) -> _Lane:
        lane = _Lane(self._levels, self.limits, self._interpreter)
        self._lanes.append(lane)
        return lane

    def _collect(self, lane: _Lane, job: _Job) -> Judgement | None:
        """The judgement of a lane's task; None when all that it had to say was its level."""
        try:
            if lane.starting:
                self._require_level(lane, job)
                return None
            return lane.take()
        except TimeoutError:
            self._drop(lane)
            reason = f"its test did not end within {self._patience_seconds:g} seconds"
            return Judgement(
                outcome=Outcome.TIMEOUT, reason=reason, level=self.level, wall_limited=True
            )
        except (EOFError, ConnectionError):
            self._drop(lane)
            reason = "the judge's process ended"
            return Judgement(outcome=Outcome.INFRA_ERROR, reason=reason, level=self.level)

    def _require_level(self, lane: _Lane, job: _Job) -> None:
        """Raises EOFError for a lane that did not reach the first one's level: to be replaced.

        Raises SandboxError when replacing one did not help.
        """
        try:
            reached = lane.level()
        except SandboxError:
            if job.retried:
                raise
            raise EOFError from None
        if reached != self.level:
            raise EOFError

    def _drop(self, lane: _Lane) -> None:
        self._lanes.remove(lane)
        lane.kill()


@dataclass(frozen=True, slots=True)
class _Job:
    number: int
    task: Task
    retried: bool = False


@dataclass(eq=False)
class _Lane:
    """A worker process and the line to it."""

    levels: list[str]
    limits: Limits
    interpreter: Interpreter
    _peer: socket.socket = field(init=False)
    _process: subprocess.Popen[bytes] = field(init=False)
    _deadline: float = field(init=False)
    _level: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + _START_SECONDS
        self._peer, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, str(_PACKAGE), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        order = {
            "limits": asdict(self.limits),
            "levels": self.levels,
            "interpreter": asdict(self.interpreter),
        }
        wire.send_table(self._peer, order)

    def level(self) -> str:
        """The level that it reached, waiting until it stands. Raises SandboxError for none.

        EOFError, ConnectionError or TimeoutError: it did not start.
        """
        if not self._level:
            answer = self._receive()
            if answer["level"] is None:
                raise SandboxError("; ".join(answer["reasons"]))
            self._level = answer["level"]
        return self._level

    @property
    def starting(self) -> bool:
        """Whether the first that it says will be its level."""
        return not self._level

    def give(self, task: Task, patience_seconds: float) -> None:
        """Raises ConnectionError when it is gone."""
        self._deadline = time.monotonic() + patience_seconds
        wire.send_table(self._peer, dump(task))

    def take(self) -> Judgement:
        """The judgement of the task given. Raises TimeoutError when it hangs, EOFError if gone."""
        table = self._receive()
        return Judgement(**{**table, "outcome": Outcome(table["outcome"])})

    def _receive(self) -> dict[str, Any]:
        self._peer.settimeout(max(0.001, self.seconds_left))
        table = wire.receive_table(self._peer)
        self._peer.settimeout(None)
        return table

    def fileno(self) -> int:
        return self._peer.fileno()

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def hang_up(self) -> None:
        self._peer.close()

    def close(self) -> None:
        """Waits for it to end by itself after hanging up, but not for long."""
        try:
            self._process.wait(timeout=_SPARE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self._peer.close()
        self._process.kill()
        self._process.wait()


def _levels(level: str, allow_weak: bool) -> list[str]:
    if level == "auto":
        return list(LEVELS if allow_weak else LEVELS[:-1])
    if level not in LEVELS:
        raise UsageError(f"unknown sandbox level {level!r}; known: auto, {', '.join(LEVELS)}")
    if level == "weak" and not allow_weak:
        raise UsageError(
            "sandbox level 'weak' limits a program but does not contain it; "
            "say --allow-weak if the programs can be trusted or the machine is expendable"
        )
    return [level]


def _next(again: deque[_Job], jobs: Iterator[_Job]) -> _Job | None:
    return again.popleft() if again else next(jobs, None)


def _ready(busy: dict[_Lane, _Job]) -> list[_Lane]:
    """The lanes that have something to say, or none left to wait for."""
    with selectors.DefaultSelector() as selector:
        for lane in busy:
            selector.register(lane, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select(min(x.seconds_left for x in busy))]
            late = [lane for lane in busy if not lane.seconds_left]
            if ready or late:
                return [lane for lane in busy if lane in ready or lane in late]
