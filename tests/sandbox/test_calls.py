"""Many calls at once, on the side of the program, and how its answers are read."""

from __future__ import annotations

import hashlib
import marshal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from wizardcoder.sandbox import calls, wire
from wizardcoder.sandbox.calls import HUGE, ODD, PLAIN, RAISED, Answer
from wizardcoder.sandbox.codec import CodecError, decode, encode


def describe(error: BaseException) -> bytes:
    return type(error).__name__.encode()


def answers(
    function: Callable[..., Any], inputs: list[list[Any]], view: str = "whole"
) -> list[Answer]:
    """The answers to a batch that a program would send."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        calls.answer(theirs, calls.request(view, calls.batch(inputs)), function, describe)
        theirs.shutdown(socket.SHUT_WR)
        found, left = [], len(inputs)
        while left:
            frame = wire.receive(ours, 1 << 24)
            assert frame.kind == b"A"
            found.append(calls.read(frame.payload, left))
            left -= len(found[-1].kinds)
    return found


def items(function: Callable[..., Any], inputs: list[list[Any]], view: str = "whole") -> list[Any]:
    return [item for answer in answers(function, inputs, view) for item in answer.each()]


def test_quick_calls_share_an_answer_in_the_order_of_the_inputs() -> None:
    (answer,) = answers(lambda x: x * x, [[n] for n in range(100)])
    assert [decode(item) for _, item in answer.each()] == [n * n for n in range(100)]


def test_a_slow_call_is_answered_before_the_next_ones() -> None:
    found = answers(time.sleep, [[0.03], [0.0], [0.0]])
    assert [len(answer.kinds) for answer in found] == [1, 2]


def test_the_time_of_the_slowest_call_is_what_it_computed() -> None:
    def compute(seconds: float) -> None:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass

    found = answers(compute, [[0.0], [0.05], [0.0]])
    assert 0.05 <= max(answer.slowest_seconds for answer in found) < 0.08
    assert answers(time.sleep, [[0.1]])[0].slowest_seconds < 0.05


def test_large_results_are_sent_as_they_come() -> None:
    assert [len(a.kinds) for a in answers(lambda n: "x" * n, [[300_000], [1]])] == [1, 1]


def test_every_input_is_an_object_of_its_own() -> None:
    shared = [1]
    assert [decode(i) for _, i in items(lambda x: x.append(2) or x, [[shared], [shared]])] == [
        [1, 2],
        [1, 2],
    ]


def test_each_kind_of_result_is_marked() -> None:
    results = iter([1, {1, 2}, range(3), object()])
    assert [kind for kind, _ in items(lambda: next(results), [[]] * 5)] == [
        PLAIN, PLAIN, ODD, ODD, RAISED,
    ]  # fmt: skip


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, RecursionError])
def test_whatever_a_call_raises_is_described(error: type[BaseException]) -> None:
    def fail() -> None:
        raise error

    assert items(fail, [[]]) == [(RAISED, error.__name__.encode())]


@pytest.mark.parametrize(
    ("view", "result", "seen"),
    [
        ("set", (n for n in (1, 2)), {1, 2}),
        ("set", "aa", {"a"}),
        ("set", [1, 1], [1, 1]),
        ("presence", object(), True),
        ("presence", None, False),
        ("presence", False, False),
        ("reference presence", False, True),
    ],
)
def test_a_view_shows_what_an_oracle_needs(view: str, result: object, seen: object) -> None:
    ((_, item),) = items(lambda: result, [[]], view)
    assert decode(item) == seen


def test_long_lists_are_written_as_marshal_writes_them() -> None:
    for value in ([1, "a", (2.5,)] * 5000, tuple(range(10_000))):
        assert items(lambda value=value: value, [[]]) == [(PLAIN, marshal.dumps(value, 2))]


@pytest.mark.parametrize("value", [list(range(10_000)), "x" * 50_000])
def test_a_huge_result_is_described_by_size_and_digest(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "HUGE_BYTES", 30_000)
    ((kind, item),) = items(lambda: value, [[]])
    encoded = encode(value)
    assert kind == HUGE
    assert calls.read_description(item) == (len(encoded), hashlib.sha256(encoded).digest())


def head(count: int) -> bytes:
    return struct.pack("<Id", count, 0.0)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "without a head"),
        (head(0), "0 results where 1 to 5 are due"),
        (head(6) + bytes(30), "6 results where"),
        (head(2**32 - 1), "results where"),
        (head(2), "do not add up"),
        (head(2) + bytes(9), "do not add up"),
        (head(1) + struct.pack("<I", 5) + b"\x00N", "do not add up"),
        (head(1) + struct.pack("<I", 0) + b"\x00N", "do not add up"),
    ],
)
def test_a_malformed_answer_is_refused_with_the_reason(payload: bytes, why: str) -> None:
    with pytest.raises(CodecError, match=why):
        calls.read(payload, 5)


def test_a_malformed_description_is_refused() -> None:
    with pytest.raises(CodecError, match="without size and digest"):
        calls.read_description(b"x")
