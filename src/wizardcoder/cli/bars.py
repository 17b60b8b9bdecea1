"""Progress bars on a terminal. Apart, because where there is none they need not be imported."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.1f}/s" if rate else "", style="dim")


class Bars:
    """What `progress.Watch` shows on a terminal."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}", markup=True),
            console=Console(stderr=True),
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
