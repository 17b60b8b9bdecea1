"""Sandboxes of every level that this machine offers, opened once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from wizardcoder.errors import SandboxError
from wizardcoder.sandbox import Limits, Sandbox

#: Tight, so that programs that run into a limit do so soon.
LIMITS = Limits(cpu_seconds=0.5, wall_seconds=15.0, memory_bytes=512 << 20)


@pytest.fixture(scope="session", params=["full", "no-namespaces"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox that contains what it runs, at each level in turn."""
    yield from _open(request.param)


@pytest.fixture(scope="session")
def any_box() -> Iterator[Sandbox]:
    """The strongest sandbox of this machine."""
    yield from _open("auto")


def _open(level: str) -> Iterator[Sandbox]:
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(Sandbox(LIMITS, level=level))
        except SandboxError as error:
            pytest.skip(str(error))
        yield sandbox
