"""Many calls at once: a batch of inputs goes in, results come out while the rest is worked on.

Child side, and both ends of the format: standard library only.

    batch    the view of the results (one byte), then a list of inputs, each a list of arguments,
             as `marshal` version 2 writes them
    answer   count, CPU seconds of the slowest call, the length of each item, its kind, the items

An item is a result as `codec` encodes it, or the description of an exception. Of a huge result it
is the size (8 bytes) and SHA-256 of what would have been sent: nobody who cannot make those bytes
knows their digest.
"""

from __future__ import annotations

import hashlib
import marshal
import socket
import struct
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

from wizardcoder.sandbox import codec, wire

#: Kinds of items: PLAIN is what `marshal` knows, ODD any other result, HUGE (plain too) is not sent
#: but described.
PLAIN, ODD, RAISED, HUGE = 0, 1, 2, 3
#: How an answer begins: number of items, seconds.
_HEAD = struct.Struct("<Id")
_LENGTH_BYTES = 4
#: What is longer is not sent.
HUGE_BYTES = 32 << 20
_SIZE = struct.Struct("<Q")
_SLICE_ITEMS = 4096
_LIST_HEAD_BYTES = 5
_FLUSH_BYTES = 256 << 10
_FLUSH_SECONDS = 0.02
#: An answer takes fewer bytes than that and its last item.
MAX_ANSWER_BYTES = _FLUSH_BYTES + (8 << 10)

#: What is sent of a result. `set`: any iterable as a set, but lists and tuples as they are;
#: `presence`: whether there is one, but booleans as they are.
VIEWS = MappingProxyType({"whole": b"w", "set": b"s", "presence": b"p", "reference presence": b"r"})
_VIEWS: dict[bytes, Callable[[Any], Any]] = {
    VIEWS["set"]: lambda result: result if type(result) in (list, tuple) else set(result),
    VIEWS["presence"]: lambda result: result if type(result) is bool else result is not None,
    VIEWS["reference presence"]: lambda result: result is not None,
}


class Answer(NamedTuple):
    """Items of a batch, in order. `lengths` are 4 bytes each, `kinds` 1 byte each.

    `slowest_seconds`: CPU time of the slowest call, by the program's own account.
    """

    slowest_seconds: float
    lengths: bytes
    kinds: bytes
    items: bytes

    def each(self) -> Iterator[tuple[int, bytes]]:
        """Kind and bytes of each item."""
        start = 0
        for kind, length in zip(self.kinds, lengths_of(self.lengths), strict=True):
            yield kind, self.items[start : start + length]
            start += length


def batch(inputs: Sequence[Sequence[Any]]) -> bytes:
    """Inputs as they are kept. Raises ValueError for arguments that are no plain data."""
    return marshal.dumps(list(inputs), 2)


def request(view: str, payload: bytes) -> bytes:
    """What is sent of a batch."""
    return VIEWS[view] + payload


def answer(
    peer: socket.socket,
    payload: bytes,
    function: Callable[..., Any],
    describe: Callable[[BaseException], bytes],
) -> None:
    """Calls the function on each input of a batch and sends what comes of it."""
    attempt = partial(_attempt, function, _VIEWS.get(payload[:1]), describe)
    inputs = marshal.loads(memoryview(payload)[1:])
    inputs.reverse()
    writer = _Writer(peer)
    while inputs:
        writer.add(*attempt(inputs.pop()), last=not inputs)


def read(payload: bytes, most: int) -> Answer:
    """An answer of at least one and at most so many items. Raises CodecError for anything else."""
    if len(payload) < _HEAD.size:
        raise codec.CodecError("an answer without a head")
    count, seconds = _HEAD.unpack_from(payload)
    if not 0 < count <= most:
        raise codec.CodecError(f"{count} results where 1 to {most} are due")
    lengths_end = _HEAD.size + _LENGTH_BYTES * count
    items_start = lengths_end + count
    found = Answer(
        seconds,
        payload[_HEAD.size : lengths_end],
        payload[lengths_end:items_start],
        payload[items_start:],
    )
    if len(found.kinds) != count or sum(lengths_of(found.lengths)) != len(found.items):
        raise codec.CodecError("an answer whose lengths do not add up")
    return found


def lengths_of(data: bytes) -> array[int]:
    """The lengths that an answer announces."""
    return array("I", data)


def _attempt(
    function: Callable[..., Any],
    view: Callable[[Any], Any] | None,
    describe: Callable[[BaseException], bytes],
    arguments: Sequence[Any],
) -> tuple[int, bytes]:
    """The kind and the bytes of what a call comes to."""
    try:
        result = function(*arguments)
        if view is not None:
            result = view(result)
        if codec.is_plain(result):
            return _encode(result)
        return ODD, codec.encode(result)
    except BaseException as error:
        return RAISED, describe(error)


def _encode(result: Any) -> tuple[int, bytes]:
    """The kind and bytes of what `marshal` knows. Never holds more than the bytes that are sent."""
    if not isinstance(result, list | tuple) or len(result) <= _SLICE_ITEMS:
        item = marshal.dumps(result, 2)
        return (PLAIN, item) if len(item) <= HUGE_BYTES else (HUGE, _described([item], []))
    kept: list[bytes] = []
    size = 0
    pieces = _pieces(result)
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > HUGE_BYTES:
            return HUGE, _described(kept, pieces)
    return PLAIN, b"".join(kept)


def _pieces(values: list[Any] | tuple[Any, ...]) -> Iterator[bytes]:
    """What `marshal` writes of a list or tuple, a slice at a time."""
    yield marshal.dumps(values[:0], 2)[:1] + struct.pack("<i", len(values))
    for start in range(0, len(values), _SLICE_ITEMS):
        yield marshal.dumps(list(values[start : start + _SLICE_ITEMS]), 2)[_LIST_HEAD_BYTES:]


def _described(kept: Iterable[bytes], pieces: Iterable[bytes]) -> bytes:
    size, digest = 0, hashlib.sha256()
    for piece in chain(kept, pieces):
        size += len(piece)
        digest.update(piece)
    return _SIZE.pack(size) + digest.digest()


def read_description(item: bytes) -> tuple[int, bytes]:
    """Size and digest of a huge result. Raises CodecError."""
    if len(item) != _SIZE.size + hashlib.sha256().digest_size:
        raise codec.CodecError("a huge result without size and digest")
    return _SIZE.unpack_from(item)[0], item[_SIZE.size :]


class _Writer:
    """Collects items and sends them before they are many or old."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._items: list[bytes] = []
        self._kinds = bytearray()
        self._size = 0
        self._slowest = 0.0
        self._sent, self._added = time.perf_counter(), time.thread_time()

    def add(self, kind: int, item: bytes, *, last: bool) -> None:
        self._items.append(item)
        self._kinds.append(kind)
        self._size += len(item)
        used = time.thread_time()  # a busy machine makes no call slower
        self._slowest = max(self._slowest, used - self._added)
        self._added = used
        is_old = time.perf_counter() - self._sent > _FLUSH_SECONDS
        if last or is_old or self._size > _FLUSH_BYTES:
            self._send()

    def _send(self) -> None:
        lengths = array("I", map(len, self._items)).tobytes()
        head = _HEAD.pack(len(self._items), self._slowest)
        wire.send(self._peer, b"A", b"".join((head, lengths, self._kinds, *self._items)))
        self._items.clear()
        self._kinds.clear()
        self._size, self._slowest = 0, 0.0
        self._sent, self._added = time.perf_counter(), time.thread_time()
