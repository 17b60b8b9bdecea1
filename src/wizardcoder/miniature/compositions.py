"""Which operations fit after which: all compositions of n operations, or one drawn uniformly."""

from __future__ import annotations

from functools import cache

from wizardcoder.miniature.catalogue import BY_TAKES, OPERATIONS
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.operations import Operation
from wizardcoder.miniature.probes import is_sensible
from wizardcoder.miniature.programs import Steps, draw_step

Composition = tuple[Operation, ...]


def followers(operation: Operation) -> tuple[Operation, ...]:
    """What may come after an operation: what takes its kind, but for itself."""
    return tuple(other for other in BY_TAKES[operation.gives] if other != operation)


def all_compositions(n: int) -> list[Composition]:
    """Every well-typed row of n ≥ 1 operations without the same one twice in a row."""
    rows: list[Composition] = [(operation,) for operation in OPERATIONS]
    for _ in range(n - 1):
        rows = [(*row, other) for row in rows for other in followers(row[-1])]
    return rows


def draw_composition(n: int, draw: Draw) -> Composition:
    """One of `all_compositions(n)`, each equally likely, without listing them."""
    row: Composition = ()
    candidates = OPERATIONS
    for left in range(n, 0, -1):
        position = draw.below(sum(_continuations(o, left - 1) for o in candidates))
        for operation in candidates:
            position -= _continuations(operation, left - 1)
            if position < 0:
                break
        row = (*row, operation)
        candidates = followers(operation)
    return row


def draw_program(n: int, draw: Draw) -> Steps:
    """A sensible program of n steps, with constants."""
    while True:
        steps = tuple(draw_step((operation,), draw) for operation in draw_composition(n, draw))
        if is_sensible(steps):
            return steps


@cache
def _continuations(operation: Operation, n: int) -> int:
    """How many rows of n operations may follow."""
    return sum(_continuations(o, n - 1) for o in followers(operation)) if n else 1
