"""Case files: what one problem's programs are called with, and what they have to return.

Written twice: a draft holds the inputs; running the reference on them (`recording`) adds what is
expected. Everything stays encoded, as it goes to a process and comes from it (`calls`):

    magic, SHA-256 of all that follows, size of the head (4 bytes)
    head (JSON), batches of inputs, lengths of the expected results (4 bytes each), their kinds
    (1 byte each), the results, the rests

A long result is represented by its digest. Another one with a different digest may still be equal,
so the result itself lies, compressed, among the rests, which are read only then. Text, bytes and
integers that differ are never equal: they have none.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder.sandbox import calls, codec, words

#: Changes with the layout, with what `codec` writes, and with what the head's numbers mean.
VERSION = 2
#: How a result is first compared with the expected one: its bytes, its digest, or only its value.
BY_BYTES, BY_DIGEST, BY_VALUE = 0, 1, 2
DIGEST_BYTES = 32

_MAGIC = b"WCases\r\n"
_SIZE = struct.Struct("<I")
_HEAD_AT = len(_MAGIC) + DIGEST_BYTES + _SIZE.size
_BATCH_INPUTS = 1024
_BATCH_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known of a case file without reading on.

    `parts`: number of inputs by part, in order. `batches`: number of inputs and bytes of each; none
    holds inputs of two parts. `tolerance_from`: the first input of a part from which on floats need
    only be close though `atol` is 0, if any. CPU `seconds` that the reference took for all inputs,
    and for the slowest. `rests`: by input, where its compressed result lies, and its bytes.
    `sizes`: of lengths, kinds and results; empty in a draft.
    """

    entry_point: str
    oracle: str
    atol: float
    parts: Mapping[str, int]
    batches: Sequence[tuple[int, int]]
    tolerance_from: Mapping[str, int | None] = field(default_factory=dict)
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    rests: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sizes: Sequence[int] = ()


class Expected(NamedTuple):
    """The expected results of all inputs in order, as they are stored; `rests` by input."""

    lengths: bytes
    kinds: bytes
    results: bytes
    rests: Mapping[int, bytes]


class CaseFile:
    """A case file in memory, but for the rests. Inputs are numbered from 0 through all parts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.head, at = _read_head(path)
        with path.open("rb") as file:
            file.seek(at)
            self.batches = [file.read(size) for _, size in self.head.batches]
            self.lengths, self.kinds, self.results = (
                file.read(size) for size in self.head.sizes or (0, 0, 0)
            )
            self._rests_at = file.tell()
        self._starts = list(accumulate((count for count, _ in self.head.batches), initial=0))[:-1]
        lengths = calls.lengths_of(self.lengths)
        stored = map(_stored_bytes, self.kinds, lengths)
        self._offsets = list(accumulate(stored, initial=0))
        self._decoded: tuple[int, list[Sequence[Any]]] = (-1, [])
        self.longest = max(lengths, default=0)

    def start(self, part: str) -> int:
        """The number of a part's first input."""
        before = takewhile(lambda name: name != part, self.head.parts)
        return sum(self.head.parts[name] for name in before)

    def batches_of(self, part: str) -> Iterator[tuple[int, int, bytes]]:
        """The batches of a part: number of the first input, number of inputs, payload."""
        start = self.start(part)
        end = start + self.head.parts[part]
        for number, (count, _), payload in zip(
            self._starts, self.head.batches, self.batches, strict=False
        ):
            if start <= number < end:
                yield number, count, payload

    def arguments(self, number: int) -> Sequence[Any]:
        """What the function is called with for an input."""
        batch = bisect_right(self._starts, number) - 1
        if batch != self._decoded[0]:
            self._decoded = batch, codec.decode(self.batches[batch], codec.TRUSTED)
        return self._decoded[1][number - self._starts[batch]]

    def call(self, number: int) -> str:
        """An input in words: its place, and the call."""
        part = [name for name in self.head.parts if self.start(name) <= number][-1]
        arguments = ", ".join(map(words.show, self.arguments(number)))
        return f"{part} input {number - self.start(part)}, {self.head.entry_point}({arguments})"

    def stored(self, start: int, end: int) -> bytes:
        """The stored bytes of the expected results from one input to before another."""
        return self.results[self._offsets[start] : self._offsets[end]]

    def length(self, number: int) -> int:
        """The bytes of an expected result, encoded."""
        return int(_SIZE.unpack_from(self.lengths, _SIZE.size * number)[0])

    def expected(self, number: int) -> bytes | None:
        """An expected result, encoded; None for a long one that no other bytes can equal."""
        if self.kinds[number] != BY_DIGEST:
            return self.stored(number, number + 1)
        if str(number) not in self.head.rests:
            return None
        offset, size = self.head.rests[str(number)]
        with self._path.open("rb") as file:
            file.seek(self._rests_at + offset)
            return zlib.decompress(file.read(size))


def is_whole(path: Path) -> bool:
    """Whether a case file is there, complete and undamaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    body = memoryview(content)[len(_MAGIC) + DIGEST_BYTES :]
    digest = hashlib.sha256(body).digest()
    return content[: len(_MAGIC) + DIGEST_BYTES] == _MAGIC + digest


def read_head(path: Path) -> Head:
    """What a whole case file says of itself."""
    return _read_head(path)[0]


def write_draft(
    path: Path,
    *,
    entry_point: str,
    oracle: str,
    atol: float,
    parts: Mapping[str, Sequence[Sequence[Any]]],
) -> None:
    """Writes a case file without results. Raises ValueError for inputs that are no plain data."""
    batches = [batch for inputs in parts.values() for batch in _batches(inputs)]
    head = Head(
        entry_point=entry_point,
        oracle=oracle,
        atol=atol,
        parts={name: len(inputs) for name, inputs in parts.items()},
        batches=[(count, len(payload)) for count, payload in batches],
    )
    _write(path, head, [payload for _, payload in batches])


def write(path: Path, draft: CaseFile, head: Head, expected: Expected) -> None:
    """Writes a draft's inputs with their expected results, under what `head` adds."""
    rests, at = {}, 0
    for number, rest in expected.rests.items():
        rests[str(number)] = (at, len(rest))
        at += len(rest)
    stored = expected[:3]
    head = replace(head, rests=rests, sizes=[len(piece) for piece in stored])
    _write(path, head, [*draft.batches, *stored, *expected.rests.values()])


def _batches(inputs: Sequence[Sequence[Any]]) -> Iterator[tuple[int, bytes]]:
    """Batches of a part: few enough inputs and bytes each, unless a single input is larger."""
    for start in range(0, len(inputs), _BATCH_INPUTS):
        yield from _split(inputs[start : start + _BATCH_INPUTS])


def _split(inputs: Sequence[Sequence[Any]]) -> Iterator[tuple[int, bytes]]:
    payload = calls.batch(inputs)
    if len(payload) <= _BATCH_BYTES or len(inputs) == 1:
        yield len(inputs), payload
        return
    middle = len(inputs) // 2
    yield from _split(inputs[:middle])
    yield from _split(inputs[middle:])


def _stored_bytes(kind: int, length: int) -> int:
    return DIGEST_BYTES if kind == BY_DIGEST else length


def _read_head(path: Path) -> tuple[Head, int]:
    """The head, and where it ends."""
    with path.open("rb") as file:
        file.seek(_HEAD_AT - _SIZE.size)
        (size,) = _SIZE.unpack(file.read(_SIZE.size))
        return Head(**json.loads(file.read(size))), _HEAD_AT + size


def _write(path: Path, head: Head, pieces: Sequence[bytes]) -> None:
    """Whole or not at all, whoever else writes the same file meanwhile."""
    text = json.dumps(asdict(head)).encode()
    body = (_SIZE.pack(len(text)), text, *pieces)
    digest = hashlib.sha256()
    for piece in body:
        digest.update(piece)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        file.writelines((_MAGIC, digest.digest(), *body))
    partial.replace(path)
