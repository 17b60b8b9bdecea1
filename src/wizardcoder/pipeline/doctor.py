"""What this machine can do, found out by trying."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from wizardcoder import __version__, benchmarks
from wizardcoder.errors import MissingDataError, WizardCoderError
from wizardcoder.pipeline.base import cache_folder
from wizardcoder.sandbox import Sandbox
from wizardcoder.storage import network_filesystem

_OPTIONAL = {"torch": "train", "transformers": "train", "matplotlib": "report"}
_ON_NETWORK = "{}: ledgers are slow here (no write-ahead log); use a local disk: --ledger FILE"
_NOT_HERE = "not here, and cannot be fetched now; name a folder that holds it with --data"


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    good: bool
    says: str


def diagnose(data: Path | None = None) -> list[Finding]:
    """Everything that a user's report of a problem should begin with."""
    return [*_machine(), *_packages(), _sandbox(), *_benchmarks(data)]


def _machine() -> Iterator[Finding]:
    system = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    yield Finding("wizardcoder", True, f"{__version__} on {system}, {os.cpu_count()} cores")
    free = shutil.disk_usage(".").free
    yield Finding("disk", free > 2 << 30, f"{free / 2**30:.1f} GiB free here")
    yield Finding("cache", True, str(cache_folder()))
    shared = network_filesystem(Path("runs"))
    yield Finding("file system", shared is None, _ON_NETWORK.format(shared) if shared else "local")


def _packages() -> Iterator[Finding]:
    for name, extra in _OPTIONAL.items():
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            says = f"not installed; pip install 'wizardcoder[{extra}]'"
            yield Finding(name, False, says)


def _sandbox() -> Finding:
    try:
        with Sandbox() as box:
            return Finding("sandbox", True, f"level {box.level}")
    except WizardCoderError as error:
        return Finding("sandbox", False, str(error))


def _benchmarks(data: Path | None) -> Iterator[Finding]:
    for name in benchmarks.NAMES:
        try:
            found = benchmarks.load(name, data)
        except MissingDataError:
            yield Finding(name, False, _NOT_HERE)
        except WizardCoderError as error:
            yield Finding(name, False, str(error))
        else:
            yield Finding(name, True, f"{len(found.problems)} problems, {found.data_sha256[:12]}")
