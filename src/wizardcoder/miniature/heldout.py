"""What no model may be trained on: the benchmark's compositions, by program and by behaviour.

A program violates the hold-out when any contiguous part of it, of two steps or more, is a held
composition (names and constants abstracted), or behaves on the probe inputs as a held task does,
be it with the task's own constants or with canonical ones throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from wizardcoder import extraction
from wizardcoder.miniature.probes import behaviour, canonical
from wizardcoder.miniature.programs import Steps, parse, shape
from wizardcoder.miniature.splits import Item, held_items

#: Code with more steps than this is not of this world; interpreting it could take long.
MOST_STEPS_READ = 6


class Violation(NamedTuple):
    """The rule that caught a program, and the problem that it would give away."""

    rule: str
    task_id: str


class Holdout:
    """What is held out for the sake of these benchmark items."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._shapes: dict[tuple[str, ...], str] = {}
        self._behaviours: dict[bytes, str] = {}
        for item in items:
            self._shapes.setdefault(shape(item.steps), item.task_id)
            for steps in (item.steps, _canonical(item.steps)):
                self._behaviours.setdefault(_behaviour(steps), item.task_id)

    def violation(self, steps: Steps) -> Violation | None:
        """Why a program of these steps may not be trained on, or None when it may."""
        for part in _parts(steps):
            task_id = self._shapes.get(shape(part))
            if task_id:
                return Violation("held-out-program", task_id)
        for part in _parts(steps):
            for variant in (part, _canonical(part)):
                task_id = self._behaviours.get(_behaviour(variant))
                if task_id:
                    return Violation("held-out-behaviour", task_id)
        return None


@cache
def holdout() -> Holdout:
    """The hold-out of the miniature's benchmark, both splits."""
    return Holdout(held_items())


def contamination(text: str) -> Violation | None:
    """The held-out problem that code gives away, or code within the fences of an instruction.

    The code is parsed, recognised and interpreted by the trusted operations, never executed. Code
    that is not of the miniature world gives None: the ordinary rules are for that.
    """
    for code in extraction.blocks(text):
        program = parse(code)
        if program is not None and len(program.steps) <= MOST_STEPS_READ:
            violation = holdout().violation(program.steps)
            if violation:
                return violation
    return None


def _parts(steps: Steps) -> Iterator[Steps]:
    """Every contiguous part of at least two steps."""
    for length in range(2, len(steps) + 1):
        for start in range(len(steps) - length + 1):
            yield steps[start : start + length]


def _canonical(steps: Steps) -> Steps:
    return canonical(step.operation for step in steps)


@lru_cache(maxsize=1 << 15)
def _behaviour(steps: Steps) -> bytes:
    return behaviour(steps)
