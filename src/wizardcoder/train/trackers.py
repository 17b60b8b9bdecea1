"""Who else is told how a training goes: TensorBoard in the model's folder, or a service by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wizardcoder.errors import MissingExtraError, RecipeError, UsageError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TENSORBOARD = "tensorboard"
#: What accelerate can talk to; each is called as its package.
SERVICES = ("aim", "clearml", "comet_ml", "dvclive", "mlflow", "swanlab", "trackio", "wandb")


class Tracker(Protocol):
    """Receives the numbers of a step."""

    def log(self, values: Mapping[str, float], step: int) -> None: ...

    def finish(self) -> None: ...


def check(names: Sequence[str]) -> None:
    """Raises RecipeError for a name that nobody has, UsageError for a package that is missing."""
    for name in names:
        if name not in (TENSORBOARD, *SERVICES):
            raise RecipeError(
                f"train.trackers has {name!r}: known are {TENSORBOARD}, {', '.join(SERVICES)}"
            )
        if find_spec(name) is not None:
            continue
        if name == TENSORBOARD:
            raise MissingExtraError(name, "train")
        raise UsageError(
            f"train.trackers has {name!r}, whose package is not installed; install it with: "
            f"pip install {name.replace('_', '-')}; or take it out of train.trackers"
        )


class Trackers:
    """All trackers of a training, open. What they are told of steps that are done again is void.

    A service gets the name of the model's folder as the name of the run.
    """

    def __init__(self, names: Sequence[str], folder: Path, *, steps_done: int = 0) -> None:
        check(names)
        self._all = [_open(name, folder, steps_done) for name in names]

    def log(self, values: Mapping[str, float | None], step: int) -> None:
        """Tell them the numbers that are known."""
        known = {name: value for name, value in values.items() if value is not None}
        for tracker in self._all:
            tracker.log(known, step=step)

    def close(self) -> None:
        for tracker in self._all:
            tracker.finish()


class _TensorBoard:
    def __init__(self, folder: Path, steps_done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: SummaryWriter = SummaryWriter(folder, purge_step=steps_done + 1)

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def finish(self) -> None:
        with suppress(OSError):  # a full disk: the training's own files say so
            self._writer.close()


def _open(name: str, folder: Path, steps_done: int) -> Tracker:
    if name == TENSORBOARD:
        return _TensorBoard(folder / TENSORBOARD, steps_done)
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS  # type: ignore[import-untyped]

    kind = LOGGER_TYPE_TO_CLASS[name]
    run = folder.name.removesuffix(".partial")
    where = {"logging_dir": str(folder)} if kind.requires_logging_directory else {}
    tracker = kind(run, **where)
    tracker.start()
    return tracker  # type: ignore[no-any-return]
