"""What a program does, seen from outside: its outputs on a fixed set of inputs.

The same probes decide whether a step is redundant, whether code is erroneous, and whether two
programs behave alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from itertools import combinations

from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.operations import Kind, Operation, Value
from wizardcoder.miniature.programs import Step, Steps, execute, well_typed

PROBES_PER_KIND = 16
#: The constant that every operation allows: shapes are compared with it.
CANONICAL_CONSTANT = 3

VOCABULARY = (
    "apple", "dog", "Tree", "code", "sky", "aeon", "Zed", "bird", "banana", "a", "Data", "go",
    "Oak", "river", "ant", "moon",
)  # fmt: skip
#: Inputs that drawn ones would seldom hit: the edges, and a list with every constant in it.
EDGES: dict[Kind, tuple[Value, ...]] = {
    Kind.NUMBERS: ([5, 2, 9, 4, 7, 3, 8, 6, 3], [], [0], [-4, -4]),
    Kind.NUMBER: (0, 1, -1, 10),
    Kind.TEXT: ("", "a", "  ", "Sky"),
    Kind.WORDS: ([], ["a"], ["dog", "dog"]),
}


def drawn_input(kind: Kind, draw: Draw, near: Sequence[int] = ()) -> Value:
    """A value of ordinary size: up to 10 numbers from -9 to 20, up to 6 words.

    With `near`, every fourth number or so is one of these or beside it, where code goes wrong.
    """
    if kind is Kind.NUMBERS:
        return [_drawn_number(draw, -9, 20, near) for _ in range(draw.below(11))]
    if kind is Kind.NUMBER:
        return _drawn_number(draw, -120, 120, near)
    words = [draw.choice(VOCABULARY) for _ in range(draw.below(7))]
    return words if kind is Kind.WORDS else " ".join(words)


def _drawn_number(draw: Draw, least: int, most: int, near: Sequence[int]) -> int:
    if near and draw.chance(0.25):
        return draw.choice(near) + draw.below(3) - 1
    return least + draw.below(most - least + 1)


@cache
def probes(kind: Kind) -> tuple[Value, ...]:
    """The shared probe inputs of a kind: drawn ones first, they tell programs apart sooner."""
    draw = Draw("probes", kind.value)
    drawn = [drawn_input(kind, draw) for _ in range(PROBES_PER_KIND - len(EDGES[kind]))]
    return (*drawn, *EDGES[kind])


def behaviour(steps: Steps) -> bytes:
    """A digest of the outputs on all probes; equal for programs that behave alike."""
    kind = steps[0].operation.takes
    outputs = [execute(steps, probe) for probe in probes(kind)]
    return blake2b(repr((kind, outputs)).encode(), digest_size=16).digest()


def canonical(operations: Iterable[Operation]) -> Steps:
    """These operations, every constant the canonical one."""
    return tuple(Step(o, CANONICAL_CONSTANT if o.constants else None) for o in operations)


def behave_alike(steps: Steps, others: Steps) -> bool:
    """Whether two programs that take the same kind give the same on every probe."""
    kind = steps[0].operation.takes
    return all(execute(steps, probe) == execute(others, probe) for probe in probes(kind))


def subprograms(steps: Steps) -> Iterator[Steps]:
    """Every program that leaves out steps of it, all of them at most, and can take its input."""
    takes = steps[0].operation.takes
    for length in range(len(steps)):
        for rest in combinations(steps, length):
            if not rest or (rest[0].operation.takes is takes and well_typed(rest)):
                yield rest


def has_redundant_step(steps: Steps) -> bool:
    """Whether steps can be left out, and the rest behaves alike."""
    return any(behave_alike(steps, rest) for rest in subprograms(steps))


def is_constant(steps: Steps) -> bool:
    """Whether the program gives the same for every probe."""
    first, *others = probes(steps[0].operation.takes)
    given = execute(steps, first)
    return all(execute(steps, probe) == given for probe in others)


def is_sensible(steps: Steps) -> bool:
    """Whether every step matters and the result depends on the input."""
    return not is_constant(steps) and not has_redundant_step(steps)
