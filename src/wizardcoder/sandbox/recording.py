"""Runs a reference on a draft's inputs, and writes down what it returns: a case file."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from array import array
from dataclasses import replace
from functools import partial
from pathlib import Path

from wizardcoder.records import Outcome
from wizardcoder.sandbox import batches, calls, casefile, codec, oracles
from wizardcoder.sandbox.calls import Answer
from wizardcoder.sandbox.casefile import BY_BYTES, BY_DIGEST, BY_VALUE, CaseFile, Expected, Head
from wizardcoder.sandbox.limits import Reference
from wizardcoder.sandbox.oracles import Case
from wizardcoder.sandbox.proxy import Proxy, Ruling, raised_ruling

_LONG_BYTES = 64 << 10
#: Encodings of text, bytes and integers begin so: they equal nothing that has other bytes.
_ATOMS = (b"u", b"s", b"l")
#: What a NaN looks like in plain data; something else might, too.
_NAN_BYTES = (struct.pack("<d", math.nan), struct.pack("<d", -math.nan))
_SECONDS = 300.0  # that a reference may take for a part of its inputs
_FLOAT_BYTES = 9
_LIST_HEAD_BYTES = 5


def record(proxy: Proxy, task: Reference) -> Ruling:
    """Passed when the case file is written; there is none for a reference that fails an input."""
    draft = CaseFile(Path(task.draft))
    ledger = _Ledger(draft)
    proxy.watch.begin(_SECONDS, _SECONDS)
    proxy.load(task)
    view = oracles.ORACLES[draft.head.oracle].reference_view
    for part in draft.head.parts if not proxy.ruling else ():
        for number, answer in batches.answers(proxy, draft, part, view):
            if fault := ledger.add(part, number, answer):
                return fault
        if proxy.ruling:
            return proxy.ruling._replace(reason=f"{proxy.ruling.reason}, in {part}")
    if not proxy.ruling:
        proxy.close()
        casefile.write(Path(task.cases), draft, ledger.head(proxy), ledger.expected())
    return proxy.ruling or Ruling(Outcome.PASSED)


class _Ledger:
    """What the reference returned so far."""

    def __init__(self, draft: CaseFile) -> None:
        self._draft = draft
        self._oracle = draft.head.oracle
        self._lengths = array("I")
        self._kinds = bytearray()
        self._results: list[bytes] = []
        self._rests: dict[int, bytes] = {}
        self._tolerance_from: dict[str, int | None] = dict.fromkeys(draft.head.parts)
        self._slowest = 0.0

    def add(self, part: str, number: int, answer: Answer) -> Ruling | None:
        """Takes down an answer; a ruling when an item of it is nothing to judge others by."""
        self._slowest = max(self._slowest, answer.slowest_seconds)
        for kind, item in answer.each():
            if kind == calls.RAISED:
                ruling = raised_ruling(item)
                return ruling._replace(reason=f"{self._draft.call(number)}: {ruling.reason}")
            if self._tolerance_from[part] is None and _is_floats(kind, item):
                self._tolerance_from[part] = number
            if not self._add(part, number, kind, item):
                reason = f"{self._draft.call(number)} gave what does not equal itself"
                return Ruling(Outcome.WRONG_ANSWER, reason)
            number += 1
        return None

    def head(self, proxy: Proxy) -> Head:
        seconds = proxy.ending.cpu_seconds
        return replace(
            self._draft.head,
            tolerance_from=self._tolerance_from,
            seconds=round(seconds, 3),
            slowest_seconds=round(min(self._slowest, seconds), 3),
        )

    def expected(self) -> Expected:
        return Expected(
            self._lengths.tobytes(), bytes(self._kinds), b"".join(self._results), self._rests
        )

    def _add(self, part: str, number: int, kind: int, item: bytes) -> bool:
        """False when a value, that is all there is to compare by, would not be accepted."""
        if kind == calls.HUGE:
            size, digest = calls.read_description(item)
            self._note(size, BY_DIGEST, digest)
            return True
        by_value = oracles.ORACLES[self._oracle].alone or (
            (kind != calls.PLAIN or any(mark in item for mark in _NAN_BYTES))
            and not _equals_itself(item)
        )
        long = len(item) > _LONG_BYTES and not by_value
        how = BY_VALUE if by_value else BY_DIGEST if long else BY_BYTES
        self._note(len(item), how, hashlib.sha256(item).digest() if long else item)
        if long and not (self._oracle == "equal" and item.startswith(_ATOMS)):
            self._rests[number] = zlib.compress(item, 1)
        if not by_value:
            return True
        result, expected = (codec.decode(item, codec.TRUSTED) for _ in range(2))
        arguments = partial(self._draft.arguments, number)
        atol = self._draft.head.atol
        return oracles.accepts(self._oracle, Case(arguments, result, expected, atol, atol))

    def _note(self, length: int, kind: int, stored: bytes) -> None:
        self._lengths.append(length)
        self._kinds.append(kind)
        self._results.append(stored)


def _equals_itself(item: bytes) -> bool:
    """Whether a result with the same bytes is equal: NaN is not, nor is an array."""
    try:
        return bool(codec.decode(item, codec.TRUSTED) == codec.decode(item, codec.TRUSTED))
    except ValueError:  # the truth of an array
        return False


def _is_floats(kind: int, item: bytes) -> bool:
    """`oracles.is_floats` of what is encoded, without decoding what is plain."""
    if kind == calls.HUGE:
        return False
    if kind != calls.PLAIN:
        return oracles.is_floats(codec.decode(item, codec.TRUSTED))
    if item[:1] not in (b"[", b"("):
        return item[:1] == b"g"
    tags = item[_LIST_HEAD_BYTES::_FLOAT_BYTES]
    count = len(tags)
    (announced,) = struct.unpack_from("<i", item, 1)
    exact = len(item) == _LIST_HEAD_BYTES + _FLOAT_BYTES * count
    return exact and count == announced > 0 and tags == b"g" * count
