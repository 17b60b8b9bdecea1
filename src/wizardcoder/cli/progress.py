"""Progress on stderr: bars with rate and ETA on a terminal, else one line per 30 seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from wizardcoder.progress import Progress

_SECONDS_BETWEEN_LINES = 30.0


class Watch:
    """Shows the progress of named tasks; several may advance at the same time.

    `watch("train seed")` gives the Progress to hand to a stage.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._display: _Bars | _Lines = (
            _Bars(self._console) if self._console.is_terminal else _Lines()
        )

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


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.1f}/s" if rate else "", style="dim")


class _Bars:
    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}", markup=True),
            console=console,
        )
        self._tasks: dict[str, object] = {}

    def start(self) -> None:
        self._bars.start()

    def stop(self) -> None:
        self._bars.stop()

    def show(self, task: str, done: int, total: int | None, note: str) -> None:
        note = note.replace("[", r"\[")
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total, completed=done, note=note)
        self._bars.update(self._tasks[task], completed=done, total=total, note=note)  # type: ignore[arg-type]


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
