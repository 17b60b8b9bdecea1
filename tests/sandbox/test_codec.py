"""Plain data survives the way to the judge; anything else cannot hurt it."""

from __future__ import annotations

import contextlib
import marshal
import math
import operator
import struct
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizardcoder.sandbox.codec import (
    CodecError,
    DecodeLimits,
    NeedsObject,
    Opaque,
    decode,
    encode,
)

any_text = st.text(st.characters(codec=None))  # lone surrogates too
atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | any_text
    | st.binary()
)
keys = atoms | st.tuples(atoms, atoms) | st.frozensets(atoms, max_size=3)
rich = (
    st.fractions()
    | st.decimals(allow_nan=False, min_value=-(10**6), max_value=10**6)
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 5))
    | st.binary().map(bytearray)
)
values = st.recursive(
    keys | rich,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.lists(inner, max_size=4).map(deque)
    ),
    max_leaves=20,
)


def typed(value: Any) -> object:
    """A value with the types of all its parts, so that 1, 1.0 and True differ, and -0.0 and 0.0."""
    if isinstance(value, dict):
        return dict, [(typed(k), typed(v)) for k, v in value.items()]
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(repr, map(typed, value)))
    if isinstance(value, list | tuple | deque):
        return type(value), [typed(item) for item in value]
    return type(value), repr(value)


@settings(deadline=None)
@given(values)
def test_a_value_comes_back_with_all_its_types(value: object) -> None:
    assert typed(decode(encode(value))) == typed(value)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_codec_error(data: bytes) -> None:
    with contextlib.suppress(CodecError):
        decode(data)


@settings(deadline=None)
@given(values, st.data())
def test_damaged_bytes_give_a_value_or_a_codec_error(value: object, data: st.DataObject) -> None:
    encoded = bytearray(encode(value))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CodecError):
        decode(bytes(encoded))


@pytest.mark.parametrize("value", [math.nan, [math.nan], {"x": (math.nan,)}])
def test_nan_stays_nan(value: object) -> None:
    assert repr(decode(encode(value))) == repr(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, -0.0, 10**4000, -(2**31), 2**31, ...])
def test_numbers_at_the_edges_come_back(value: object) -> None:
    assert typed(decode(encode(value))) == typed(value)


class Color(IntEnum):
    RED = 4


class Loud(str):
    def __str__(self) -> str:
        return "LOUD"

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class Close(float):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class Full(list[int]):
    def __iter__(self) -> Any:
        return iter([4])


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "base"),
    [
        (Color.RED, 4),
        (Loud("quiet"), "quiet"),
        (Close(7.0), 7.0),
        (Full([1, 2]), [1, 2]),
        (Point(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        ([Color.RED, {"x": Point(1, Loud("z"))}], [4, {"x": (1, "z")}]),
    ],
)
def test_a_subclass_becomes_its_base_whatever_it_overrides(value: object, base: object) -> None:
    assert typed(decode(encode(value))) == typed(base)


def test_views_of_a_dict_stay_views() -> None:
    table = {"a": 1, "b": 2}
    assert decode(encode(table.keys())) == {"a", "b"}
    assert decode(encode(table.keys())) != ["a", "b"]
    assert list(decode(encode(table.values()))) == [1, 2]
    assert decode(encode(table.items())) == {("a", 1), ("b", 2)}


@pytest.mark.parametrize(
    "value",
    [np.float64(1.5), np.int32(7), np.bool_(True), np.arange(6).reshape(2, 3), np.zeros((0, 2))],
)
def test_numpy_values_keep_type_shape_and_content(value: Any) -> None:
    result = decode(encode([value]))[0]
    assert type(result) is type(value)
    assert result.dtype == value.dtype
    assert np.array_equal(result, value)


@pytest.mark.parametrize("value", [object(), lambda: 1, iter([1]), print])
def test_what_is_no_data_becomes_opaque(value: object) -> None:
    assert isinstance(decode(encode(value)), Opaque)


@pytest.mark.parametrize(
    "value",
    [
        np.array(["YES", "no"]),
        np.array([b"a"]),
        np.array({"a": 1}),
        np.array([[1, None], [2**99, [3]]], dtype=object),
        np.array([], dtype="<U1"),
    ],
)
def test_arrays_of_text_and_objects_keep_type_shape_and_content(value: Any) -> None:
    result = decode(encode([value]))[0]
    assert (type(result), result.dtype, result.shape) == (np.ndarray, value.dtype, value.shape)
    assert result.tolist() == value.tolist()


def test_text_in_an_array_is_not_padded_beyond_need() -> None:
    def array(kind: str, values: list[str]) -> bytes:
        parts = (kind, (len(values),), values)
        return b"J" + struct.pack("<i", 3) + b"".join(map(encode, parts))

    for data in (array("<U99999999", ["a"]), array("<U50000", ["a" * 50_000, *"a" * 50_000])):
        with pytest.raises(CodecError, match="padd"):
            decode(data)


def test_an_opaque_result_equals_nothing() -> None:
    opaque = decode(encode(object()))
    assert opaque != 4


@pytest.mark.parametrize(
    "use",
    [list, len, lambda v: v[0], lambda v: v(), lambda v: v.x, lambda v: 1 in v],
    ids=["iterate", "len", "item", "call", "attribute", "in"],
)
def test_looking_into_an_opaque_result_asks_for_the_object(use: Any) -> None:
    with pytest.raises(NeedsObject):
        use(decode(encode(object())))


def test_a_list_that_holds_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    value = decode(encode(loop))
    while isinstance(value, list):
        (value,) = value
    assert repr(value) == "<too deep object>"


def nested(depth: int) -> bytes:
    return b"[\x01\x00\x00\x00" * depth + b"N"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"i\x01", "truncated"),
        (b"NN", "1 bytes after the value"),
        (b"Z", "unknown tag"),
        (b"r\x00\x00\x00\x00", "unknown tag"),  # marshal's references
        (b"c", "unknown tag"),  # marshal's code objects
        (b"(\xff\xff\xff\x7f", "items announced"),
        (b"s\xff\xff\xff\xff", "items announced"),
        (b"u\x01\x00\x00\x00\xff", "invalid start byte"),
        (b"<\x01\x00\x00\x00[\x00\x00\x00\x00", "unhashable"),
        (b"{Ni\x00\x00", "truncated"),
        (nested(1000), "nested too deep"),
        (b"l" + struct.pack("<i", 2**30), "an integer of"),
        (b"l\x01\x00\x00\x00\xff\xff", "not a 15-bit digit"),
        (b"M\x01\x00\x00\x00N", "a key without a value"),
        (b"D\x01\x00\x00\x00" + encode("1e99999"), "exponent"),
        (b"D\x01\x00\x00\x00" + encode("x"), "not a decimal"),
        (b"/\x02\x00\x00\x00" + encode(1) + encode(0), "not what tag"),
        (
            b"A\x04\x00\x00\x00" + b"".join(map(encode, ("|O8", False, (1,), b"")))[0:],
            "an array of",
        ),
        (
            b"A\x04\x00\x00\x00" + b"".join(map(encode, ("<f8", False, (2**62, 0), b""))),
            "not what tag",
        ),
    ],
)
def test_malformed_bytes_are_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(CodecError, match=why):
        decode(data)


def test_values_beyond_the_allowed_number_are_refused() -> None:
    data = encode([None] * 100)
    assert decode(data, DecodeLimits(nodes=101)) == [None] * 100
    with pytest.raises(CodecError, match="too many values"):
        decode(data, DecodeLimits(nodes=100))


def test_a_set_built_to_collide_is_refused() -> None:
    prime = 2**61 - 1  # what integers are hashed by
    with pytest.raises(CodecError, match="colliding hashes"):
        decode(encode([n * prime for n in range(1, 5000)]).replace(b"[", b"<", 1))


def test_plain_data_is_written_as_marshal_writes_it() -> None:
    value = {"a": [1, (2.5, None)], "b": {True, "x"}}
    assert encode(value) == marshal.dumps(value, 2)


def test_counters_and_ordered_dicts_compare_in_their_own_ways() -> None:
    assert decode(encode(Counter(a=1, b=0))) == Counter(a=1)
    assert decode(encode(OrderedDict(a=1, b=2))) != OrderedDict(b=2, a=1)
    assert decode(encode(OrderedDict(a=1, b=2))) == {"b": 2, "a": 1}


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097, 10_000])
def test_runs_of_numbers_are_read_as_single_ones(count: int) -> None:
    value = [*range(count), *[n / 2 for n in range(count)], 2**40, *range(-count, 0)]
    assert typed(decode(encode(value))) == typed(value)
    assert typed(decode(encode(tuple(value[::-1])))) == typed(tuple(value[::-1]))


@pytest.mark.parametrize("tag", [b"g", b"i"])
def test_a_run_that_is_cut_short_is_truncated(tag: bytes) -> None:
    encoded = b"[" + struct.pack("<i", 3) + (tag + bytes(8 if tag == b"g" else 4)) * 3
    for cut in range(1, 10):
        with pytest.raises(CodecError, match="truncated"):
            decode(encoded[:-cut])


def test_exact_numbers_come_back_exact() -> None:
    value = [Fraction(1, 3), Decimal("0.10"), Decimal("NaN")]
    assert repr(decode(encode(value))) == repr(value)


def test_pairs_whose_keys_collide_are_refused() -> None:
    pairs = [marshal.dumps((n * (2**61 - 1), n), 2) for n in range(1, 3000)]
    with pytest.raises(CodecError, match="colliding hashes"):
        decode(b"p" + struct.pack("<i", len(pairs)) + b"".join(pairs))


def test_collisions_of_all_tables_count_together() -> None:
    table = marshal.dumps({n * (2**61 - 1) for n in range(1, 500)}, 2)
    assert len(decode(table)) == 499
    with pytest.raises(CodecError, match="colliding hashes"):
        decode(b"[" + struct.pack("<i", 20) + table * 20)


def test_points_around_the_origin_are_a_set_although_minus_one_and_two_collide() -> None:
    points = {(x, y, z) for x in range(-9, 10) for y in range(-9, 10) for z in range(-9, 10)}
    assert decode(encode(points)) == points


@pytest.mark.parametrize("holder", [b"/\x02\0\0\0%b%b", b"p\x01\0\0\0%b", b"R\x02\0\0\0%b%b"])
def test_an_opaque_part_of_a_number_or_a_table_is_malformed(holder: bytes) -> None:
    opaque = b"?\x04\0\0\0True"
    with pytest.raises(CodecError):
        decode(holder % ((opaque,) * holder.count(b"%b")))


@pytest.mark.parametrize("other", [1, None, "x", [date(2020, 1, 1)], {}, range(2), Decimal(1)])
def test_an_opaque_result_equals_nothing_that_is_carried(other: object) -> None:
    result = decode(encode(object()))
    assert result != other
    assert other != result
    assert result in [result]


@pytest.mark.parametrize(
    "make", [lambda: date(2020, 1, 1), lambda: int, object, lambda: Opaque("another")]
)
def test_comparing_with_what_is_not_carried_either_needs_the_object(
    make: Callable[[], object],
) -> None:
    other = make()
    result = decode(encode([object()]))
    for compare in (operator.eq, operator.ne):
        with pytest.raises(NeedsObject):
            compare(result, [other])
        with pytest.raises(NeedsObject):
            compare([other], result)
