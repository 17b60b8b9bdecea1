"""What training a recipe's arms takes, before anything is loaded: memory, hours, dollars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from wizardcoder import train
from wizardcoder.pipeline.arms import BASE
from wizardcoder.pipeline.names import MINIATURE
from wizardcoder.pipeline.training_data import arm_data, read_shape
from wizardcoder.recipe import Recipe, Train
from wizardcoder.records import Record
from wizardcoder.train import Footprint, Survey, spreading

#: The share of a device's peak that goes into real tokens, where none is given: published figures
#: for 1B to 7B on an H100 or H200 lie between 31 and 58 % (docs/reproduce.md).
UTILISATION = 0.4
#: The share of a device's memory that may be used; the rest goes to CUDA itself and fragments.
USABLE_SHARE = 0.9
#: A forward pass again, where activations are computed anew: a third of forward and backward.
_RECOMPUTED = 4 / 3

Settings = Mapping[str, object]
#: What saves memory, tried one after the other on top of each other; further devices with the last.
_SAVINGS: tuple[Settings, ...] = (
    {"gradient_checkpointing": True},
    {"rows_per_batch": 1},
    {"parallel": "fsdp", "precision": "bf16"},
)
_MORE_DEVICES = (8, 16, 32, 64)
_ADAPTERS: tuple[Settings, ...] = ({"method": "lora"}, {"method": "qlora"})


class Devices(NamedTuple):
    """What trains: `number` devices with a 16-bit peak in 10^12 operations per second and memory
    in bytes each (None: not known), `utilisation` of that peak, dollars per hour of one.
    """

    name: str
    number: int
    tflops: float
    memory_bytes: int | None
    utilisation: float
    usd_per_hour: float | None

    def holds(self, found: Footprint) -> bool | None:
        """Whether a training of this size fits one of them; None where that is not known."""
        if self.memory_bytes is None:
            return None
        return found.total <= USABLE_SHARE * self.memory_bytes


def choose_devices(
    recipe: Recipe,
    name: str | None = None,
    *,
    number: int = 1,
    memory_gb: float | None = None,
    utilisation: float | None = None,
) -> Devices:
    """The devices that are named, or else an H100 (of the miniature: a CPU); what is given counts
    before what is known of them.

    Raises UsageError for a name that is not known.
    """
    usual = "cpu" if recipe.base.model == MINIATURE else "H100"
    found = train.find_device(name or usual)
    memory = found.memory_bytes if memory_gb is None else int(memory_gb * 2**30)
    return Devices(
        name=found.name,
        number=number,
        tflops=recipe.train.peak_tflops or found.tflops,
        memory_bytes=memory,
        utilisation=utilisation or found.utilisation or UTILISATION,
        usd_per_hour=recipe.train.usd_per_hour,
    )


class ArmCost(NamedTuple):
    """What training an arm takes. `hours` are those of the clock, with all devices at work;
    `basis` says how its examples are known.
    """

    arm: str
    examples: int
    rejected: int
    truncated: int
    epochs: float
    seen: Survey
    hours: float
    usd: float | None
    basis: str


class Remedy(NamedTuple):
    """Options of [train] with which a training fits, on so many devices, with so many bytes."""

    settings: dict[str, object]
    devices: int
    total_bytes: int


class TrainingCost(NamedTuple):
    """What training takes: the memory of each device is that of the arm with the largest pass."""

    weights: int
    arms: tuple[ArmCost, ...]
    memory: Footprint
    devices: Devices
    fits: bool | None
    remedies: tuple[Remedy, ...]


def plan_training(
    recipe: Recipe, seeds: Sequence[Record], run: Path, devices: Devices
) -> TrainingCost:
    """What the trained arms of a recipe take on these devices.

    Raises RecipeError for options that do not go together, MissingDataError without the base's
    configuration, TrainingError where nothing is left to learn.
    """
    spreading.check(recipe.train, train.Processes(count=devices.number))
    shape = read_shape(recipe, run)
    tuned = [arm for arm in recipe.arms if arm != BASE]
    arms = tuple(_arm(recipe, arm, run, seeds, shape, devices) for arm in tuned)
    largest = _largest(arm.seen.largest for arm in arms)
    traced = train.trace(shape.config, recipe.train, largest)
    memory = train.footprint(traced, recipe.train, devices.number)
    fits = devices.holds(memory)
    remedies = _remedies(recipe.train, shape, largest, devices) if fits is False else ()
    weights = train.count_weights(shape.config)
    return TrainingCost(weights, arms, memory, devices, fits, tuple(remedies))


def _arm(
    recipe: Recipe,
    arm: str,
    run: Path,
    seeds: Sequence[Record],
    shape: train.Shape,
    devices: Devices,
) -> ArmCost:
    options = recipe.train
    data, basis = arm_data(recipe, arm, run, seeds, shape)
    seen = train.survey(train.make_plan(data, options), devices.number)
    flops = seen.tokens * train.flops_of(shape.config, float(data.lengths.mean()))
    work = flops * (_RECOMPUTED if options.gradient_checkpointing else 1)
    device_hours = work / (devices.tflops * 1e12 * devices.utilisation) / 3600
    usd = None if devices.usd_per_hour is None else device_hours * devices.usd_per_hour
    return ArmCost(
        arm=arm,
        examples=len(data),
        rejected=data.rejected,
        truncated=data.truncated,
        epochs=seen.examples / len(data),
        seen=seen,
        hours=device_hours / devices.number,
        usd=usd,
        basis=basis,
    )


def _remedies(
    options: Train, shape: train.Shape, largest: train.Passing, devices: Devices
) -> Iterator[Remedy]:
    """The first set of options that fits and trains all weights, and the first with adapters."""
    yield from _first(_whole(options, devices.number), options, shape, largest, devices)
    yield from _first(_adapted(options, devices.number), options, shape, largest, devices)


def _whole(options: Train, count: int) -> Iterator[tuple[dict[str, object], int]]:
    settings: dict[str, object] = {}
    for saving in _SAVINGS:
        settings |= saving
        if options.method != "qlora" or "parallel" not in saving:
            yield dict(settings), count
    if options.method != "qlora":
        yield from ((dict(settings), more) for more in _MORE_DEVICES if more > count)


def _adapted(options: Train, count: int) -> Iterator[tuple[dict[str, object], int]]:
    if options.method != "full":
        return
    small = {"gradient_checkpointing": True, "rows_per_batch": 1}
    shared: Settings = {} if count == 1 else {"parallel": "ddp"}
    for method in _ADAPTERS:
        yield {**small, **method, **shared}, count


def _first(
    candidates: Iterator[tuple[dict[str, object], int]],
    options: Train,
    shape: train.Shape,
    largest: train.Passing,
    devices: Devices,
) -> Iterator[Remedy]:
    """The first candidate that fits, if any does; each kind of pass is traced once."""
    known: dict[str, train.Traced] = {}
    for settings, count in candidates:
        changed = options.model_copy(update=settings)
        alike = {**settings, "parallel": "", "precision": changed.precision}
        key = repr(sorted(alike.items(), key=str))
        if key not in known:
            share = changed.rows_per_batch / options.rows_per_batch
            known[key] = train.trace(shape.config, changed, _part(largest, share))
        found = train.footprint(known[key], changed, count)
        if devices.holds(found):
            news = {k: v for k, v in settings.items() if getattr(options, k) != v}
            yield Remedy(news, count, found.total)
            return


def _part(passing: train.Passing, share: float) -> train.Passing:
    return train.Passing(*(max(1, round(size * share)) for size in passing))


def _largest(passes: Iterator[train.Passing]) -> train.Passing:
    tokens, labels = zip(train.Passing(1, 1), *passes, strict=True)
    return train.Passing(max(tokens), max(labels))
