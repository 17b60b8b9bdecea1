"""What a training came to, from a model's folder: for the report and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from wizardcoder import train
from wizardcoder.storage import read_manifest


class Learnt(NamedTuple):
    """A finished training: what it counted, its log, and its speed without scoring and saving.

    `seconds` of steps alone; `tokens_per_second` are real tokens, on all processes together; `mfu`
    is their share of the devices' peak, None where that is not known.
    """

    result: train.TrainResult
    log: list[train.LogLine]
    seconds: float
    mfu: float | None

    @property
    def tokens_per_second(self) -> float | None:
        return self.result.tokens / self.seconds if self.seconds else None


def learnt(model: Path) -> Learnt | None:
    """What the training of the model in a folder came to; None where none was finished."""
    if not (model / "manifest.json").exists():
        return None
    manifest, log = read_manifest(model), train.read_log(model)
    seconds = manifest["cost"].get("training_seconds", manifest["seconds"])
    return Learnt(train.TrainResult(**manifest["counts"]), log, seconds, mean_mfu(log))


def mean_mfu(log: Sequence[train.LogLine]) -> float | None:
    """The share of the peak over all steps whose share is known, long steps counting for more."""
    starts = [0.0, *(line.seconds for line in log)]
    shares = [
        (line.mfu, stop - start)
        for line, (start, stop) in zip(log, pairwise(starts), strict=True)
        if line.mfu is not None
    ]
    seconds = sum(took for _, took in shares)
    return sum(mfu * took for mfu, took in shares) / seconds if seconds else None
