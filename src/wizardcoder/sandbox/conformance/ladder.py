"""Which levels this machine offers."""

from __future__ import annotations

from typing import NamedTuple

from wizardcoder.errors import SandboxError
from wizardcoder.sandbox.box import Sandbox
from wizardcoder.sandbox.limits import LEVELS, Interpreter


class Rung(NamedTuple):
    """One level: whether it holds, else why not."""

    level: str
    holds: bool
    reason: str = ""


def ladder(interpreter: Interpreter = Interpreter()) -> list[Rung]:  # noqa: B008 (immutable)
    """All levels, the strongest first, each found out by trying."""
    return [_try(level, interpreter) for level in LEVELS]


def _try(level: str, interpreter: Interpreter) -> Rung:
    try:
        with Sandbox(level=level, allow_weak=True, interpreter=interpreter):
            return Rung(level, True)
    except SandboxError as error:
        return Rung(level, False, str(error))
