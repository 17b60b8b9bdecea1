"""What training will take, in lines for a person."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from wizardcoder.pipeline.training_cost import USABLE_SHARE, ArmCost, Remedy, TrainingCost
from wizardcoder.recipe import Recipe
from wizardcoder.train import Footprint

_WIDTH = 80  # characters of a remark's line
_GIB = 2**30
_PARTS = {
    "weights": "weights, fp32",
    "gradients": "gradients",
    "optimizer": "optimizer",
    "adapters": "adapters, with gradients and optimizer",
    "copies": "16-bit copies of weights",
    "gathered": "layers that FSDP puts together",
    "activations": "activations",
    "logits": "logits",
}


def describe_training(recipe: Recipe, found: TrainingCost) -> Iterator[str]:
    """Line by line: what is seen, how long it takes, what it costs, and whether it fits."""
    options = recipe.train
    how: list[str] = [options.method, options.precision]
    how += ["gradient checkpointing"] if options.gradient_checkpointing else []
    yield f"recipe  {recipe.name}: {recipe.base.model}, {_count(found.weights)} weights"
    yield (
        f"train   {', '.join(how)}; {options.rows_per_step} rows of {options.length_tokens} tokens "
        f"a step, {'packed' if options.packing else 'one example each'}"
    )
    yield f"        {_row('', 'examples', 'rejected', 'truncated', 'steps', 'epochs', 'tokens')}"
    yield from (f"        {_seen(arm)}" for arm in found.arms)
    yield f"        {_row('', 'label tokens', 'filled', 'device-h', 'hours', 'price', '')}".rstrip()
    yield from (f"        {_price(arm, found.devices.number)}".rstrip() for arm in found.arms)
    yield from _remarks(found)
    yield from _memory(found)


def _remarks(found: TrainingCost) -> Iterator[str]:
    devices = found.devices
    how = (
        f"filled: real tokens of the room in rows; hours: on {devices.number} × {devices.name}, "
        f"{devices.utilisation:.0%} of {devices.tflops:g} TFLOP/s in real tokens"
    )
    said = [how]
    if devices.usd_per_hour is None:
        said.append("price: unknown; give --usd-per-hour, of one device")
    said += dict.fromkeys(arm.basis for arm in found.arms)
    for remark in said:
        yield from (f"        {line}" for line in textwrap.wrap(remark, _WIDTH))


def _memory(found: TrainingCost) -> Iterator[str]:
    parts: Footprint = found.memory
    yield "memory  of each device at the moment of most, GiB"
    for field, title in _PARTS.items():
        if size := getattr(parts, field):
            yield f"        {title:<40}{size / _GIB:>9.2f}"
    yield f"        {'together':<40}{parts.total / _GIB:>9.2f}"
    capacity = found.devices.memory_bytes
    if capacity is None:
        yield "fits    unknown: the device's memory is not known; give --memory-gb"
        return
    usable = f"{USABLE_SHARE:.0%} of {capacity / _GIB:.0f} GiB"
    yield f"fits    {'yes' if found.fits else 'no'}: may use {usable}"
    for remedy in found.remedies:
        yield f"        would fit with {_remedy(remedy)}"
    if found.fits is False and not found.remedies:
        yield "        nothing tried here would do: a smaller base, shorter rows or larger devices"


def _remedy(remedy: Remedy) -> str:
    settings = " ".join(f"--set train.{k}={_value(v)}" for k, v in remedy.settings.items())
    return f"{settings} --devices {remedy.devices}: {remedy.total_bytes / _GIB:.1f} GiB"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seen(arm: ArmCost) -> str:
    counts = (arm.examples, arm.rejected, arm.truncated, arm.seen.steps)
    return _row(arm.arm, *(f"{n:,}" for n in counts), f"{arm.epochs:.2f}", f"{arm.seen.tokens:,}")


def _price(arm: ArmCost, devices: int) -> str:
    usd = "unknown" if arm.usd is None else f"${arm.usd:,.2f}"
    hours = (f"{arm.hours * devices:,.3f}", f"{arm.hours:,.3f}")
    return _row(arm.arm, f"{arm.seen.label_tokens:,}", f"{arm.seen.filled:.1%}", *hours, usd, "")


def _row(title: str, *cells: str) -> str:
    return f"{title:<18}" + "".join(f"{cell:>13}" for cell in cells)


def _count(weights: int) -> str:
    """A number of weights as people say it.

    >>> _count(15_517_456_384), _count(846_080)
    ('15.5 B', '0.8 M')
    """
    return f"{weights / 1e9:.1f} B" if weights >= 1e9 else f"{weights / 1e6:.1f} M"
