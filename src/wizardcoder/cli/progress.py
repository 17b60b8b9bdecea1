"""Progress on stderr: bars with rate and ETA on a terminal, else one line per 30 seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wizardcoder.progress import Progress

if TYPE_CHECKING:
    from wizardcoder.cli.bars import Bars

_SECONDS_BETWEEN_LINES = 30.0


class Watch:
    """Shows the progress of named tasks; several may advance at the same time.

    `watch("train seed")` gives the Progress to hand to a stage.
    """

    def __init__(self) -> None:
        self._display = _display()

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._display.stop()

    def __call__(self, task: str) -> Progress:
        def progress(done: int, total: int | None, note: str = "") -> None:
            self._display.show(task, done, total, note)

        return progress


def _display() -> Bars | _Lines:
    if not sys.stderr.isatty():
        return _Lines()
    from wizardcoder.cli.bars import Bars

    return Bars()


class _Lines:
    """A line when a task begins, every 30 seconds, and when it is done."""

    def __init__(self) -> None:
        self._started: dict[str, tuple[float, int]] = {}
        self._shown: dict[str, float] = {}
        self._finished: set[str] = set()

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def show(self, task: str, done: int, total: int | None, note: str) -> None:
        now = time.monotonic()
        started, begun_at = self._started.setdefault(task, (now, done))
        finished = total is not None and done >= total
        due = now - self._shown.get(task, now - _SECONDS_BETWEEN_LINES) >= _SECONDS_BETWEEN_LINES
        if task in self._finished or not (due or finished):
            return
        self._shown[task] = now
        if finished:
            self._finished.add(task)
        print(
            f"{task}: {_line(done, total, note, done - begun_at, now - started)}", file=sys.stderr
        )


def _line(done: int, total: int | None, note: str, since_start: int, seconds: float) -> str:
    parts = [f"{done}/{total}" if total is not None else f"{done}"]
    rate = since_start / seconds if seconds else 0.0
    if rate:
        parts.append(f"{rate:,.1f}/s")
        parts.append(f"{_clock(seconds)} so far")
    if rate and total is not None and done < total:
        parts.append(f"{_clock((total - done) / rate)} left")
    return ", ".join([*parts, note] if note else parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
