"""When a result counts as the expected one."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
import pytest

from wizardcoder.sandbox.codec import decode, encode
from wizardcoder.sandbox.oracles import Case, accepts, is_floats


def passes(
    result: Any, expected: Any, oracle: str = "equal", atol: float = 0.0, arguments: Any = ()
) -> bool:
    """Whether a result passes that came over the wire, where a float is expected from here on."""
    close_atol = atol or (1e-6 if is_floats(expected) else 0.0)
    case = Case(lambda: arguments, decode(encode(result)), expected, atol, close_atol)
    return accepts(oracle, case)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (1.0, 1),
        (True, 1),
        (1, True),
        (np.int64(3), 3),
        (np.float64(2.5), 2.5),
        (np.bool_(True), True),
        ([np.float64(2.5)], [2.5]),
        (np.array([3]), 3),
        ({"a": 1}, Counter("a")),
        (Counter(a=1, b=0), Counter(a=1)),
        (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
        (0.1 + 0.2, 0.3),
        ([0.1 + 0.2, 1.0], [0.3, 1.0]),
        (math.inf, math.inf),
        ({1: "x"}.keys(), {1}),
    ],
)  # fmt: skip
def test_what_python_calls_equal_or_floats_that_are_close_passes(
    result: Any, expected: Any
) -> None:
    assert passes(result, expected)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ([1, 2], (1, 2)),
        ("1", 1),
        (None, False),
        (b"a", "a"),
        (math.nan, math.nan),
        ([math.nan], [math.nan]),
        (np.float64(0.1 + 0.2), 0.3),
        ((0.1 + 0.2,), [0.3]),
        ([0.1 + 0.2], [0.3, 1.0]),
        (np.array([1, 2]), [1, 2]),
        ([0.1 + 0.2, 1], [0.3, 1]),
        ({"a": 0.1 + 0.2}, {"a": 0.3}),
        (0.3 + 1e-5, 0.3),
        (object(), 1),
    ],
)  # fmt: skip
def test_another_type_a_nan_or_what_has_no_single_truth_fails(result: Any, expected: Any) -> None:
    assert not passes(result, expected)


def test_a_tolerance_of_the_data_covers_numbers_of_any_kind() -> None:
    assert passes(10**9 + 1, 10**9, atol=1e-4)  # within 1e-7 of it
    assert not passes(10**6 + 1, 10**6, atol=1e-4)
    assert not passes(1, 1.00001, atol=1e-4)  # an int for a float


@pytest.mark.parametrize(
    ("oracle", "result", "expected", "arguments", "good"),
    [
        ("anything", 7, False, (), True),
        ("anything", np.array([1, 2]), False, (), False),
        ("or zero", 0, 6, (), True),
        ("or zero", 5, 6, (), False),
        ("pyramid", 33, 32, (3, 4), False),
        ("pyramid", 35, 33, (3, 4), True),
        ("digits", 6, 1, (23, 56), True),
        ("digits", 7, 1, (23, 56), False),
        ("digits", 10, 1, (9, 19), False),
        ("digits", 1, 5, (9, 19), True),
        ("set", [2, 1, 1], (1, 2), (), True),
        ("set", {1, 2}, (1, 2), (), True),
        ("set", [1], (1, 2), (), False),
        ("set", 5, (5,), (), False),
        ("presence", True, True, (), True),
        ("presence", False, True, (), False),
        ("root", 1.00001, 7.0, ([-1, 1],), True),
        ("root", 1.1, 7.0, ([-1, 1],), False),
        ("root", math.nan, math.nan, ([-1, 1],), False),
        ("root", "x", 1.0, ([-1, 1],), False),
    ],
)  # fmt: skip
def test_each_special_oracle_accepts_what_the_official_harness_does(
    oracle: str, result: Any, expected: Any, arguments: Any, good: bool
) -> None:
    atol = 1e-4 if oracle == "root" else 0.0
    assert passes(result, expected, oracle, atol, arguments) is good


@pytest.mark.parametrize("value", [1.0, [1.0, 2.0], (1.0,), np.float64(1), np.zeros(2)])
def test_floats_and_sequences_of_nothing_else_are_floats(value: object) -> None:
    assert is_floats(value)


@pytest.mark.parametrize("value", [1, [], (), [1.0, 1], {1.0}, np.float32(1), "1.0", np.arange(2)])
def test_anything_else_is_not(value: object) -> None:
    assert not is_floats(value)
