"""Plain data as bytes, between the judge and a process that may lie.

Both sides, standard library only. What `marshal` version 2 knows is written as it writes it, so
that encoding runs in C; tags of our own carry what goes beyond (ranges, deques, views, exact
numbers, numpy). Decoding is always done here, within limits: bytes, nodes, depth, bits of an
integer, colliding hashes. Nothing that is decoded runs code.

    >>> decode(encode({"a": [1, 2.5, (None, True)]}))
    {'a': [1, 2.5, (None, True)]}

Instances of subclasses become their base (an IntEnum an int, a namedtuple a tuple, a defaultdict a
dict): what they override must not matter to the judge. Counter and OrderedDict stay what they are,
for they compare in their own ways. Anything else becomes an `Opaque`.
"""

from __future__ import annotations

import marshal
import struct
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, NamedTuple

from wizardcoder.sandbox import arrays

MAX_DEPTH = 150
_ATOMS = frozenset({int, float, str, bool, type(None), bytes, complex, type(...)})
_COLLECTIONS = frozenset({list, tuple, set, frozenset})
_KEYS: type = type({}.keys())
_VALUES: type = type({}.values())
_ITEMS: type = type({}.items())
_OPAQUE = b"?"
_MAX_EXACT_BITS = 100_000  # of a Fraction's parts: reducing it takes the square of that
_MAX_EXPONENT = 10_000  # of a Decimal: making it an int takes that many digits


class CodecError(ValueError):
    """Bytes that are not an encoding, or go beyond a limit."""


class NeedsObject(BaseException):
    """The test asked of a result what only the object itself can give."""


class DecodeLimits(NamedTuple):
    """What a decoded value may cost.

    `nodes` counts every value in it, containers included; `collisions` pairs of keys with one hash.
    """

    nodes: int = 2_000_000
    collisions: int = 1_000_000
    depth: int = MAX_DEPTH
    int_bits: int = 1 << 22


_DEFAULT_LIMITS = DecodeLimits()
#: For what no program had a hand in.
TRUSTED = DecodeLimits(nodes=1 << 40, collisions=1 << 60, int_bits=1 << 40)


class Opaque:
    """Stands for a result that plain data cannot carry. It equals itself, and nothing carried.

    Looking into it raises NeedsObject: the test wants the object itself. So does comparing it with
    what cannot be carried either; with anything else the answer is no, lest a program that returns
    an object could choose to be tested beside itself.
    """

    __slots__ = ("kind",)
    __hash__ = object.__hash__

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{self.kind} object>"

    def __eq__(self, other: object) -> bool:
        if self is other or _is_carried(other):
            return self is other
        raise NeedsObject(f"comparing {self.kind}")

    def __getattr__(self, name: str) -> Any:
        raise NeedsObject(f"{self.kind}.{name}")

    def __call__(self, *_: object, **__: object) -> Any:
        raise NeedsObject(f"calling {self.kind}")

    def __getitem__(self, key: object) -> Any:
        raise NeedsObject(f"an item of {self.kind}")

    def __iter__(self) -> Iterator[Any]:
        raise NeedsObject(f"iterating over {self.kind}")

    def __next__(self) -> Any:
        raise NeedsObject(f"the next of {self.kind}")

    def __len__(self) -> int:
        raise NeedsObject(f"the length of {self.kind}")

    def __contains__(self, item: object) -> bool:
        raise NeedsObject(f"what {self.kind} contains")


def encode(value: Any, *, exactly: bool = False) -> bytes:
    """The bytes of a value. What is nested deeper than MAX_DEPTH, cycles too, is opaque.

    `exactly`: raises NeedsObject for a value that holds anything opaque.
    """
    if is_plain(value):
        return marshal.dumps(value, 2)
    pieces = list(_write(value, MAX_DEPTH))
    if exactly and any(piece.startswith(_OPAQUE) for piece in pieces):
        raise NeedsObject("what plain data cannot carry")
    return b"".join(pieces)


def decode(data: bytes, limits: DecodeLimits = _DEFAULT_LIMITS) -> Any:
    """The value that bytes encode. Raises CodecError for anything else and beyond the limits."""
    reader = _Reader(data, limits)
    value = reader.value(limits.depth)
    if reader.at != len(data):
        raise CodecError(f"{len(data) - reader.at} bytes after the value")
    return value


def is_plain(value: object, depth: int = MAX_DEPTH) -> bool:
    """Whether marshal writes the value exactly as it is."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if depth == 0:
        return False
    if kind is dict:
        return _are_plain(value, depth - 1) and _are_plain(value.values(), depth - 1)  # type: ignore[arg-type, attr-defined]
    return kind in _COLLECTIONS and _are_plain(value, depth - 1)  # type: ignore[arg-type]


def _are_plain(values: Iterable[object], depth: int) -> bool:
    return set(map(type, values)) <= _ATOMS or all(is_plain(item, depth) for item in values)


# Writing. A base class's own methods are used, never what an instance of a subclass overrides.

_AS_ATOM: dict[type, Callable[[Any], Any]] = {
    int: int.__index__,
    float: float.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    complex: complex.__pos__,
}
_AS_ITEMS: dict[type, tuple[bytes, Callable[[Any], Iterable[object]]]] = {
    list: (b"[", list.__iter__),
    tuple: (b"(", tuple.__iter__),
    set: (b"<", set.__iter__),
    frozenset: (b">", frozenset.__iter__),
    Counter: (b"C", lambda value: (part for pair in dict.items(value) for part in pair)),
    OrderedDict: (b"O", lambda value: (part for pair in OrderedDict.items(value) for part in pair)),
    dict: (b"M", lambda value: (part for pair in dict.items(value) for part in pair)),
    deque: (b"Q", deque.__iter__),
    range: (b"R", lambda value: (value.start, value.stop, value.step)),
    bytearray: (b"B", lambda value: (bytes(memoryview(value)),)),
    Fraction: (b"/", lambda value: (value.numerator, value.denominator)),
    Decimal: (b"D", lambda value: (Decimal.__str__(value),)),
    _KEYS: (b"k", iter),
    _VALUES: (b"v", iter),
    _ITEMS: (b"p", iter),
}


def _write(value: Any, depth: int) -> Iterator[bytes]:
    kind = type(value)
    if kind in _ATOMS:
        yield marshal.dumps(value, 2)
    elif depth == 0:
        yield from _write_opaque("too deep")
    elif kind.__module__ == "numpy":  # before floats: numpy.float64 is one, and must stay itself
        yield from _write_numpy(value, depth)
    elif base := next((base for base in _AS_ATOM if isinstance(value, base)), None):
        yield marshal.dumps(_AS_ATOM[base](value), 2)
    elif base := next((base for base in _AS_ITEMS if isinstance(value, base)), None):
        tag, items = _AS_ITEMS[base]
        yield from _write_items(tag, items(value), depth - 1)
    else:
        yield from _write_opaque(f"{kind.__module__}.{kind.__qualname__}")


def _is_carried(value: object) -> bool:
    """Whether a value, apart from what it holds, is not opaque when encoded."""
    return not next(_write(value, MAX_DEPTH)).startswith(_OPAQUE)


def _write_items(tag: bytes, values: Iterable[object], depth: int) -> Iterator[bytes]:
    items = list(values)
    yield tag + struct.pack("<i", len(items))
    for item in items:
        yield from _write(item, depth)


def _write_opaque(kind: str) -> Iterator[bytes]:
    name = kind[:200].encode("utf-8", "surrogatepass")
    yield _OPAQUE + struct.pack("<i", len(name)) + name


def _write_numpy(value: Any, depth: int) -> Iterator[bytes]:
    if depth > 2 and (apart := arrays.take_apart(value)):
        return _write_items(*apart, depth - 1)
    if isinstance(value, str | bytes):
        return iter((marshal.dumps(value.item(), 2),))  # type: ignore[union-attr]
    return _write_opaque(f"numpy.{type(value).__qualname__}")


# Reading


class _Reader:
    """Reads values off bytes, within limits."""

    def __init__(self, data: bytes, limits: DecodeLimits) -> None:
        self.data = data
        self.at = 0
        self.nodes = limits.nodes
        self.collisions = limits.collisions
        self.int_bits = limits.int_bits

    def value(self, depth: int) -> Any:
        self.nodes -= 1
        if self.nodes < 0:
            raise CodecError("too many values")
        tag = self.take(1)
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _READ_ATOM:
            return _READ_ATOM[tag](self)
        if depth == 0:
            raise CodecError("nested too deep")
        if tag == b"{":
            return self._build(b"M", self._until_end(depth - 1))
        if tag not in _FROM_ITEMS:
            raise CodecError(f"unknown tag {tag!r}")
        return self._build(tag, self._items(self.count(), depth - 1))

    def _items(self, count: int, depth: int) -> list[object]:
        """So many values. Runs of floats and of small integers are read at once."""
        items: list[object] = []
        while len(items) < count:
            run = self._run(count - len(items))
            items += run
            if len(run) < _SHORT_RUN:
                singly = min(count - len(items), _SHORT_RUN)
                items += [self.value(depth) for _ in range(singly)]
        return items

    def _run(self, most: int) -> list[object]:
        """The values of the same fixed size that follow, none where they differ in size."""
        tag = self.data[self.at : self.at + 1]
        if tag not in _FIXED:
            return []
        form = _FIXED[tag]
        tags = self.data[self.at : self.at + form.size * min(most, _RUN_ITEMS) : form.size]
        alike = len(tags) - len(tags.lstrip(tag))
        whole = min(alike, (len(self.data) - self.at) // form.size)
        self.nodes -= whole
        if self.nodes < 0:
            raise CodecError("too many values")
        return [value for (value,) in form.iter_unpack(self.take(whole * form.size))]

    def take(self, size: int) -> bytes:
        end = self.at + size
        if not self.at <= end <= len(self.data):
            raise CodecError("truncated")
        chunk = self.data[self.at : end]
        self.at = end
        return chunk

    def count(self) -> int:
        """The number of items that follow; each takes at least one byte."""
        (count,) = struct.unpack("<i", self.take(4))
        if not 0 <= count <= len(self.data) - self.at:
            raise CodecError(f"{count} items announced")
        return int(count)

    def text(self) -> str:
        try:
            return self.take(self.count()).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise CodecError(str(error)) from None

    def long(self) -> int:
        """An integer of any size: its signed count of 15-bit digits, then the digits."""
        (signed,) = struct.unpack("<i", self.take(4))
        size = abs(signed)
        if 15 * size > self.int_bits:
            raise CodecError(f"an integer of {15 * size} bits")
        digits = struct.unpack(f"<{size}H", self.take(2 * size))
        if any(digit >> 15 for digit in digits):
            raise CodecError("not a 15-bit digit")
        # base 2 is read in linear time, shifting and adding takes the square
        magnitude = int("".join(f"{digit:015b}" for digit in reversed(digits)) or "0", 2)
        return -magnitude if signed < 0 else magnitude

    def _until_end(self, depth: int) -> list[object]:
        """Keys and values in turn, up to marshal's end mark."""
        items = []
        while self.data[self.at : self.at + 1] != b"0":
            items += [self.value(depth), self.value(depth)]
        self.at += 1
        return items

    def _build(self, tag: bytes, items: list[object]) -> object:
        try:
            if tag in _KEYS_AMONG:
                self._pay_for(_KEYS_AMONG[tag](items))
            return _FROM_ITEMS[tag](items)
        except (Exception, NeedsObject) as error:  # the items were not what a constructor takes
            raise CodecError(f"not what tag {tag!r} holds: {error}") from None

    def _pay_for(self, keys: list[object]) -> None:
        """Refuses keys that collide on purpose: tables of them take the square of their number."""
        hashes = list(map(hash, keys))
        if len(set(hashes)) < len(hashes):
            self.collisions -= sum(n * (n - 1) // 2 for n in Counter(hashes).values())
            if self.collisions < 0:
                raise CodecError("keys with colliding hashes")


def _dict(items: list[object]) -> dict[object, object]:
    if len(items) % 2:
        raise CodecError("a key without a value")
    return dict(zip(items[::2], items[1::2], strict=True))


def _decimal(items: list[Any]) -> Decimal:
    (text,) = items
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise CodecError(f"not a decimal number: {text[:50]!r}") from error
    if number.is_finite() and abs(number.adjusted()) > _MAX_EXPONENT:
        raise CodecError(f"a decimal number with exponent {number.adjusted()}")
    return number


def _fraction(items: list[Any]) -> Fraction:
    if any(part.bit_length() > _MAX_EXACT_BITS for part in items):
        raise CodecError("a fraction too large to reduce")
    return Fraction(*items)


def _range(items: list[Any]) -> range:
    return range(*items)


def _bytearray(items: list[Any]) -> bytearray:
    (data,) = items
    if type(data) is not bytes:
        raise CodecError("a bytearray without bytes")
    return bytearray(data)


#: Floats and small integers, with their tag; so many are read at once, if they follow each other.
_FIXED = {b"g": struct.Struct("<xd"), b"i": struct.Struct("<xi")}
_RUN_ITEMS, _SHORT_RUN = 4096, 64
_CONSTANTS: dict[bytes, object] = {b"N": None, b"T": True, b"F": False, b".": ...}
_READ_ATOM: dict[bytes, Callable[[_Reader], object]] = {
    b"i": lambda reader: struct.unpack("<i", reader.take(4))[0],
    b"l": _Reader.long,
    b"g": lambda reader: struct.unpack("<d", reader.take(8))[0],
    b"y": lambda reader: complex(*struct.unpack("<dd", reader.take(16))),
    b"u": _Reader.text,
    b"s": lambda reader: reader.take(reader.count()),
    _OPAQUE: lambda reader: Opaque(reader.text()),
}
_FROM_ITEMS: dict[bytes, Callable[[list[Any]], object]] = {
    b"[": list,
    b"(": tuple,
    b"<": set,
    b">": frozenset,
    b"M": _dict,
    b"C": lambda items: Counter(_dict(items)),
    b"O": lambda items: OrderedDict(_dict(items)),
    b"Q": deque,
    b"R": _range,
    b"B": _bytearray,
    b"/": _fraction,
    b"D": _decimal,
    b"k": lambda items: dict.fromkeys(items).keys(),
    b"v": lambda items: dict(enumerate(items)).values(),
    b"p": lambda items: dict(items).items(),
    b"A": arrays.of_numbers,
    b"J": arrays.of_others,
}
#: What of the items is hashed to build the value.
_KEYS_AMONG: dict[bytes, Callable[[list[Any]], list[object]]] = {
    b"<": list,
    b">": list,
    b"M": lambda items: items[::2],
    b"C": lambda items: items[::2],
    b"O": lambda items: items[::2],
    b"k": list,
    b"p": lambda items: [key for key, _ in items],
}
