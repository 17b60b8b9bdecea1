"""What `doctor ds1000` prints: the environment that DS-1000 runs on, and what it cannot run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.benchmarks.environment import Environment

_MIB = 1 << 20
_TORCH_HINT = (
    "pip finds no torch without a GPU's libraries: name PyTorch's index of CPU builds in "
    "PIP_EXTRA_INDEX_URL and install again"
)


def install(python: str | None, *, dry_run: bool) -> None:
    """Make the environment, the size of the download first; `dry_run` stops there."""
    from wizardcoder.benchmarks import installation

    typer.echo("asking pip what is needed", err=True)
    plan = installation.plan(python)
    typer.echo(_size(plan.size_bytes, len(plan.downloads), plan.unknown))
    if not dry_run:
        installation.install(plan, lambda line: typer.echo(line, err=True))


def show(data: Path | None) -> None:
    """What is there, and how much of the benchmark it can run. Raises UsageError for nothing."""
    from wizardcoder.benchmarks import environment

    found = environment.find()
    if found is None:
        raise UsageError(
            "DS-1000's libraries are not installed; see what they need with: wizardcoder doctor "
            "ds1000 --install --dry-run – and install them with: wizardcoder doctor ds1000 "
            "--install"
        )
    for line in _installed(found):
        typer.echo(line)
    for line in _coverage(data):
        typer.echo(line)


def _size(size_bytes: int, count: int, unknown: list[str]) -> str:
    size = f"to fetch: {size_bytes / _MIB:.0f} MiB at most, {count} packages"
    return f"{size}, and the unknown size of {', '.join(unknown)}" if unknown else size


def _installed(found: Environment) -> Iterable[str]:
    from wizardcoder.benchmarks.environment import PINS

    yield f"DS-1000 on Python {found.python_version} in {found.folder}"
    for pin in PINS:
        if not found.difference(pin):
            yield f"ok  {pin.package} {found.versions[pin.package]}"
    yield from (f"--  {difference}" for difference in found.differences())
    if "torch" not in found.versions:
        yield f"    {_TORCH_HINT}"


def _coverage(data: Path | None) -> Iterable[str]:
    from wizardcoder.benchmarks import ds1000

    benchmark = ds1000.load(data)
    unable = benchmark.unable()
    for reason, task_ids in unable.items():
        numbers = ", ".join(task_id.rpartition("/")[2] for task_id in task_ids)
        yield f"cannot run {numbers}: {reason}"
    count = len(benchmark.problems)
    yield f"can run {count - sum(map(len, unable.values()))} of {count} problems"
