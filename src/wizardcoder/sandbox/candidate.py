"""Runs one candidate in its cage and answers the judge's calls.

Child side: standard library only. Whatever the candidate does to this process, the judge reads
nothing from it but frames of plain data:

    judge → child   P  (program, entry point)      C  arguments as (positional, keywords)
                    T  (helpers, test): run it here, unsealed
                    I  a batch of inputs (see `calls`)
                    S  program: run it, it holds its own test
    child → judge   !  the cage could not be shut  H  it is shut, no code of the candidate ran yet
                    R  the program is loaded
                    V  (result, arguments after the call, or None when unchanged)
                    X  (name of the exception, message, line of the program or None)
                    O  the test that ran here passed
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from wizardcoder.sandbox import calls, codec, wire
from wizardcoder.sandbox.wire import Frame

_MAX_MESSAGE = 500
_IMMUTABLE = frozenset({int, float, str, bool, type(None), bytes, complex})
_MODULE = "solution"


def serve(peer: socket.socket, max_bytes: int) -> NoReturn:
    """Loads the program that the judge sends, then answers calls until the judge hangs up."""
    with contextlib.suppress(EOFError, ConnectionError):
        wire.send(peer, b"H")
        _answer(peer, max_bytes)
    os._exit(0)


def rehearse() -> None:
    """Goes through what a candidate does once: in a child that comes after, it costs less."""
    namespace = _namespace()
    loaded = _attempt(lambda: _load("def f(x):\n    return x", "f", namespace))
    assert loaded.kind == b"R"
    _attempt(lambda: _act(Frame(b"C", codec.encode((([0],), {}))), namespace, "f"))


def _answer(peer: socket.socket, max_bytes: int) -> None:
    request = wire.receive(peer, max_bytes)
    if request.kind == b"S":
        wire.send(peer, *_attempt(lambda: _run_script(_arguments(request))))
        return
    program, entry_point = _arguments(request)
    namespace = _namespace()
    loaded = _attempt(lambda: _load(program, entry_point, namespace))
    wire.send(peer, *loaded)
    while loaded.kind == b"R":
        request = wire.receive(peer, max_bytes)
        if request.kind == b"I":
            calls.answer(peer, request.payload, namespace[entry_point], describe)
        else:
            wire.send(peer, *_attempt(lambda: _act(request, namespace, entry_point)))  # noqa: B023


def _load(program: str, entry_point: str, namespace: dict[str, Any]) -> Frame:
    exec(compile(program, "<program>", "exec"), namespace)
    if entry_point not in namespace:
        raise NameError(f"the program does not define {entry_point!r}")
    return Frame(b"R", b"")


def _act(request: Frame, namespace: dict[str, Any], entry_point: str) -> Frame:
    if request.kind == b"T":
        helpers, test = _arguments(request)
        _run_test(helpers, test, namespace, namespace[entry_point])
        return Frame(b"O", b"")
    positional, keywords = arguments = _arguments(request)
    result = namespace[entry_point](*positional, **keywords)
    after = None
    if any(type(value) not in _IMMUTABLE for value in (*positional, *keywords.values())):
        after = arguments if codec.encode(arguments) != request.payload else None
    return Frame(b"V", codec.encode((result, after)))


def _run_test(helpers: str, test: str, namespace: dict[str, Any], function: object) -> None:
    surroundings: dict[str, Any] = {}
    exec(compile(helpers, "<helpers>", "exec"), surroundings)
    surroundings |= namespace
    exec(compile(test, "<test>", "exec"), surroundings)
    surroundings["check"](function)


def _run_script(program: str) -> Frame:
    exec(compile(program, "<program>", "exec"), {})
    return Frame(b"O", b"")


def _arguments(frame: Frame) -> Any:
    """What the judge sent; it is the one side that can be believed."""
    return codec.decode(frame.payload, codec.DecodeLimits(nodes=1 << 30))


def _attempt(action: Callable[[], Frame]) -> Frame:
    """What the action answers, or what it raised."""
    try:
        return action()
    except BaseException as error:
        return Frame(b"X", describe(error))


def describe(error: BaseException) -> bytes:
    try:
        message = str(error)[:_MAX_MESSAGE]
    except BaseException:
        message = ""
    return codec.encode((type(error).__name__, message, _line(error)))


def _line(error: BaseException) -> int | None:
    """The last line of the program that the error passed through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<program>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _namespace() -> dict[str, Any]:
    module = types.ModuleType(_MODULE)
    sys.modules[_MODULE] = module  # dataclasses and pickles look their module up
    return module.__dict__
