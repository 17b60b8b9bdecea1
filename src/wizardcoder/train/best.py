"""The best checkpoint of a training, by its score on a development set, and when to stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: A checkpoint folder → its pass@1 on the development set.
Score = Callable[[Path], float]
#: Writes weights, by name and complete, as a checkpoint folder.
Export = Callable[[Path, Mapping[str, "torch.Tensor"]], None]

_CANDIDATE, _BEST = "candidate", "best"


class Best:
    """Scores checkpoints and keeps the best one in a folder of the unfinished stage.

    Of equal ones the earlier stays. Works in the first process alone.
    """

    def __init__(self, folder: Path, score: Score, export: Export) -> None:
        self._folder = folder
        self._score = score
        self._export = export

    def take(self, weights: Mapping[str, torch.Tensor], scores: Mapping[int, float]) -> float:
        """The score of these weights, which are kept if it is above all `scores`."""
        candidate, best = self._folder / _CANDIDATE, self._folder / _BEST
        shutil.rmtree(candidate, ignore_errors=True)
        self._export(candidate, weights)
        score = self._score(candidate)
        if score > max(scores.values(), default=float("-inf")):
            shutil.rmtree(best, ignore_errors=True)
            candidate.rename(best)
        shutil.rmtree(candidate, ignore_errors=True)
        return score


def publish_best(folder: Path) -> None:
    """Move the best checkpoint's files to where the finished model lies."""
    for file in (folder / _BEST).iterdir():
        target = folder / file.name
        if target.is_dir():
            shutil.rmtree(target)
        file.rename(target)
    (folder / _BEST).rmdir()


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
