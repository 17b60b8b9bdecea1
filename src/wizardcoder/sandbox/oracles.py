"""When a result counts as the expected one: the rules of evalplus, read at its HEAD.

By default both are equal, as Python's `==` has it, or, where floats are expected, close: of the
same type and length and within `atol` plus 1e-7 of the value. An oracle of another name changes
what equality means for a problem; `Oracle.view` is what is sent of a result (see `calls`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from wizardcoder.sandbox.codec import NeedsObject

#: The tolerance for floats where the data asks for none.
FLOAT_TOLERANCE = 1e-6
_RELATIVE_TOLERANCE = 1e-7


class Case(NamedTuple):
    """A result with what it is held against.

    `arguments` gives what the function was called with. `atol` is the problem's tolerance before
    this case's expected value was looked at, `close_atol` after.
    """

    arguments: Callable[[], Sequence[Any]]
    result: Any
    expected: Any
    atol: float
    close_atol: float


class Oracle(NamedTuple):
    """`agrees`: whether a result counts as equal. `alone`: then nothing else is asked.

    `any_length`: results may pass that are much longer than the expected one.
    """

    agrees: Callable[[Case], Any]
    view: str = "whole"
    reference_view: str = "whole"
    alone: bool = False
    any_length: bool = False


def accepts(oracle: str, case: Case) -> bool:
    """Whether a result passes. Whatever an exotic value raises when compared, it does not."""
    try:
        return _accepts(ORACLES[oracle], case)
    except (Exception, NeedsObject):
        return False


def is_floats(value: object) -> bool:
    """Whether a value is a float or a list, tuple or array of nothing else."""
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, float) for item in value)
    if type(value).__name__ == "ndarray":
        return str(getattr(value, "dtype", "")) in ("float64", "float32")
    return isinstance(value, float)


def _accepts(oracle: Oracle, case: Case) -> bool:
    agrees = oracle.agrees(case)
    if agrees or oracle.alone or not case.close_atol:
        return bool(agrees)
    return _are_close(case.result, case.expected, case.close_atol)


def _are_close(result: Any, expected: Any, atol: float) -> bool:
    if type(result) is not type(expected):
        return False
    if isinstance(expected, list | tuple) and len(result) != len(expected):
        return False
    import numpy  # few programs come this far

    return bool(numpy.allclose(result, expected, rtol=_RELATIVE_TOLERANCE, atol=atol))


def _equal(case: Case) -> Any:
    return case.result == case.expected


def _anything(case: Case) -> Any:
    return _equal(case) or True  # a result whose equality is ambiguous raises


def _or_zero(case: Case) -> Any:
    return _equal(case) or case.result == 0


def _pyramid(case: Case) -> Any:
    """Mbpp/581: the height may also be read as the one from the base to the apex."""
    base, height = case.arguments()
    slant = math.sqrt((base / 2) ** 2 + height**2)
    surface = round(base**2 + 2 * base * slant)
    return _equal(case) or abs(case.result - surface) <= case.atol


def _digits(case: Case) -> Any:
    """Mbpp/558: the distance may also be that of the digits, aligned on the right."""
    first, second = map(str, case.arguments())
    width = max(len(first), len(second))
    pairs = zip(first.zfill(width), second.zfill(width), strict=True)
    return _equal(case) or case.result == sum(abs(int(a) - int(b)) for a, b in pairs)


def _same_set(case: Case) -> bool:
    return set(case.result) == set(case.expected)


def _root(case: Case) -> bool:
    """HumanEval/32: a point where the polynomial is almost zero; which one does not matter."""
    (coefficients,) = case.arguments()
    terms = [c * math.pow(case.result, power) for power, c in enumerate(coefficients)]
    return bool(abs(sum(terms)) <= case.atol)


ORACLES = MappingProxyType(
    {
        "equal": Oracle(_equal),
        "anything": Oracle(_anything, any_length=True),
        "or zero": Oracle(_or_zero),
        "pyramid": Oracle(_pyramid),
        "digits": Oracle(_digits),
        "set": Oracle(_same_set, view="set", reference_view="set", any_length=True),
        "presence": Oracle(
            _equal, view="presence", reference_view="reference presence", any_length=True
        ),
        "root": Oracle(_root, alone=True),
    }
)
