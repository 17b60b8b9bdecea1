"""The log of a training: a line of JSON per step, in `train.jsonl` and for the trackers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from wizardcoder.storage import Shard, write_text
from wizardcoder.train.trackers import Trackers
from wizardcoder.train.training import LogLine

#: Stays in the finished checkpoint folder.
LOG = "train.jsonl"


def read_log(folder: Path) -> list[LogLine]:
    """The log in a model's folder, a line per step; empty where nothing was trained."""
    path = folder / LOG
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [LogLine(**json.loads(line)) for line in text.splitlines()]


class Journal:
    """The log in a folder up to the step `done`; what stood after it is forgotten."""

    def __init__(self, folder: Path, done: int, trackers: Sequence[str]) -> None:
        self._path = folder / LOG
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        self._lines = text.splitlines(keepends=True)[:done]
        write_text(self._path, "".join(self._lines))
        self._shard = Shard(self._path)
        self._trackers = Trackers(trackers, folder, steps_done=done)

    @property
    def scores(self) -> dict[int, float]:
        """pass@1 by step, where it was taken."""
        lines = [LogLine(**json.loads(line)) for line in self._lines]
        return {line.step: line.pass_at_1 for line in lines if line.pass_at_1 is not None}

    def add(self, line: LogLine) -> None:
        """Write the line of a new step."""
        table = line._asdict()
        self._shard.append(table)
        self._lines.append(json.dumps(table) + "\n")
        self._trackers.log({k: v for k, v in table.items() if k != "step"}, line.step)

    def score(self, pass_at_1: float) -> None:
        """Write a score into the line of the newest step."""
        line = LogLine(**json.loads(self._lines.pop()))
        self._lines.append(json.dumps(line._replace(pass_at_1=pass_at_1)._asdict()) + "\n")
        self._shard.close()
        write_text(self._path, "".join(self._lines))
        self._shard = Shard(self._path)
        self._trackers.log({"pass_at_1": pass_at_1}, line.step)

    def close(self) -> None:
        self._shard.close()
        self._trackers.close()
