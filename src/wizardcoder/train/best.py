"""The best checkpoint of a training, by its score on a development set, and when to stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.train import memory

if TYPE_CHECKING:
    import torch

#: A checkpoint folder → its pass@1 on the development set. What it writes into the folder stays
#: with the checkpoint.
Score = Callable[[Path], float]
#: Writes weights, by name and complete, as a checkpoint folder.
Export = Callable[[Path, Mapping[str, "torch.Tensor"]], None]

_SCORED = "scored"
_MEND = "set generate.batch_size lower, generate.precision = 'bf16' or train.score_every_steps = 0"


class Best:
    """Scores checkpoints, each in a folder of the unfinished stage, and keeps the best one.

    Works in the first process alone. A kill at any moment leaves the best of those whose score is
    in the log.
    """

    def __init__(self, folder: Path, score: Score, export: Export) -> None:
        self._folder = folder
        self._score = score
        self._export = export

    def take(self, step: int, weights: Mapping[str, torch.Tensor]) -> float:
        """The score of the weights after `step`, which are written down.

        Raises TrainingError when memory does not hold a second model to sample from.
        """
        checkpoint = _place(self._folder, step)
        shutil.rmtree(checkpoint, ignore_errors=True)
        self._export(checkpoint, weights)
        with memory.explained(f"sampling the checkpoint of step {step}", _MEND):
            return self._score(checkpoint)

    def keep(self, scores: Mapping[int, float]) -> None:
        """Drop the checkpoints that are not the best of these, which the log has by now."""
        best = best_step(scores)
        for folder in (self._folder / _SCORED).iterdir():
            if best is None or folder != _place(self._folder, best):
                shutil.rmtree(folder)


def publish_best(folder: Path, scores: Mapping[int, float]) -> None:
    """Move the best checkpoint's files to where the finished model lies; again, after a kill."""
    best = best_step(scores)
    assert best is not None, "nothing was scored"
    for file in _place(folder, best).iterdir():
        target = folder / file.name
        if target.is_dir():
            shutil.rmtree(target)
        file.rename(target)


def drop_scored(folder: Path) -> None:
    """Remove the folder of scored checkpoints, when nothing needs it any more."""
    shutil.rmtree(folder / _SCORED, ignore_errors=True)


def best_step(scores: Mapping[int, float]) -> int | None:
    """The step of the highest score, the earliest of equal ones; None without scores.

    >>> best_step({10: 0.2, 20: 0.5, 30: 0.5})
    20
    """
    return max(scores, key=lambda step: (scores[step], -step), default=None)


def is_over(scores: Mapping[int, float], patience: int) -> bool:
    """Whether so many scores have come since the best one (never, with a patience of 0).

    >>> is_over({10: 0.5, 20: 0.4, 30: 0.5}, patience=2)
    True
    """
    best = best_step(scores)
    return bool(patience) and best is not None and sum(s > best for s in scores) >= patience


def _place(folder: Path, step: int) -> Path:
    return folder / _SCORED / f"{step:08}"
