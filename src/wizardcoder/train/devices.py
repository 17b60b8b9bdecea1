"""What is known of the devices that train: their peaks and memories, from a small table."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from wizardcoder.errors import UsageError

_TABLE = "devices.toml"


class Device(NamedTuple):
    """A device: dense 16-bit peak in 10^12 operations per second, memory (None: not known).

    `utilisation`: the share of the peak that training was measured to use; None: assume one.
    """

    name: str
    tflops: float
    memory_gb: float | None
    source: str
    utilisation: float | None = None

    @property
    def memory_bytes(self) -> int | None:
        """Its memory, a stated GB taken as 2^30 bytes."""
        return None if self.memory_gb is None else int(self.memory_gb * 2**30)


@cache
def known_devices() -> tuple[Device, ...]:
    """The table, in its order."""
    text = files(__package__).joinpath(_TABLE).read_text(encoding="utf-8")
    return tuple(
        Device(
            name=row["name"],
            tflops=float(row["tflops"]),
            memory_gb=row.get("memory_gb"),
            source=row["source"],
            utilisation=row.get("utilisation"),
        )
        for row in tomllib.loads(text)["device"]
    )


def named_within(text: str) -> Device | None:
    """The device whose name is within `text`, as a driver says it; None for an unknown one.

    >>> named_within("NVIDIA A100-SXM4-80GB").tflops
    312.0
    """
    return next((device for device in known_devices() if device.name in text), None)


def find_device(name: str) -> Device:
    """The device of this name, in any case. Raises UsageError naming those that are known."""
    for device in known_devices():
        if device.name.lower() == name.strip().lower():
            return device
    raise UsageError(
        f"--device {name!r} is not known; known: {', '.join(d.name for d in known_devices())}; "
        "for another one name the most alike, with --set train.peak_tflops=N and --memory-gb"
    )
