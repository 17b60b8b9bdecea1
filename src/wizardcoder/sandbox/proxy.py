"""The judge's end of one program in its cage: sends it calls, reads its answers as plain data."""

from __future__ import annotations

import builtins
import contextlib
from collections import deque
from typing import Any, NamedTuple, Self

from wizardcoder.records import Outcome
from wizardcoder.sandbox import codec, wire
from wizardcoder.sandbox.lane import Ending, Lane, LaneDiedError, describe
from wizardcoder.sandbox.limits import Cases, Check, Limits, Reference, Script
from wizardcoder.sandbox.watch import StoppedError, Watch, time_reason


class CandidateError(Exception):
    """An exception of the program that has no counterpart here."""


class AbandonedError(BaseException):
    """The program can answer no more. Not an Exception, so that tests let it through."""


class Ruling(NamedTuple):
    outcome: Outcome
    reason: str = ""
    attested: bool = True
    wall_limited: bool = False


class Proxy:
    """Stands for the program's entry point: calling it calls that.

    `ruling` is set once the program can answer no more; `raised` is the exception that the last
    call ended in, with `raised_reason`; `returned` is the last result.
    """

    def __init__(self, lane: Lane, limits: Limits) -> None:
        self._lane = lane
        self._limits = limits
        self._peer = lane.spawn()
        self._peer.settimeout(limits.wall_seconds)
        self._watch = Watch(lane.zygote, limits)
        self._open = True
        self._greeted = False
        self.ruling: Ruling | None = None
        self.raised: Exception | None = None
        self.raised_reason = ""
        self.returned: object = None
        self.ending = Ending(0, 0.0, 0, 0)

    @property
    def wall_seconds(self) -> float:
        return self._watch.wall_seconds

    @property
    def watch(self) -> Watch:
        return self._watch

    @property
    def excess(self) -> Ruling | None:
        """The ruling on a program that was found to have used too much only when it had ended."""
        ending, limits = self.ending, self._limits
        if ending.cpu_seconds > limits.cpu_seconds:
            return Ruling(Outcome.TIMEOUT, time_reason(limits.cpu_seconds))
        if ending.file_bytes > limits.scratch_bytes:
            reason = (
                f"left {ending.file_bytes} bytes in files; at most {limits.scratch_bytes} may be"
            )
            return Ruling(Outcome.KILLED, reason)
        return None

    def load(self, task: Check | Cases | Reference) -> None:
        """Runs the program up to its last line; there is a ruling afterwards if that fails.

        Raises LaneDiedError when the cage could not be shut.
        """
        with contextlib.suppress(AbandonedError):
            reply = self._ask(b"P", (task.program, task.entry_point))
            if reply.kind == b"X":
                self.ruling = raised_ruling(reply.payload)

    def __call__(self, *positional: object, **keywords: object) -> object:
        self.raised = None
        reply = self._ask(b"C", (positional, keywords))
        if reply.kind == b"X":
            raise self._exception(*_error(reply.payload))
        with self._distrust():
            self.returned, after = _answer(reply.payload)
            if after is not None:
                _mutate(positional, after[0])
                _mutate(keywords, after[1])
        return self.returned

    def run_test(self, task: Check) -> Ruling:
        """The test's result in the program's own process, which could have forged it."""
        return _reported(self._ask(b"T", (task.helpers, task.test)))

    def run_script(self, task: Script) -> Ruling:
        """How the program ended, by its own account: it could have forged it.

        Raises AbandonedError when it ended without one, LaneDiedError as `load` does.
        """
        return _reported(self._ask(b"S", task.program))

    def close(self) -> None:
        """Ends the program, if it still runs. Raises LaneDiedError."""
        if self._open:
            self._open = False
            with self._peer:  # hung up after its end: it need not run once more to hear of it
                ending = self._lane.end()
            peak_bytes = max(ending.peak_bytes, self._watch.peak_bytes)
            self.ending = ending._replace(peak_bytes=peak_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _greet(self) -> None:
        """Makes sure that the cage is shut; the first request may wait in front of it meanwhile."""
        if self._greeted:
            return
        self._greeted = True
        hello = self.receive()
        if hello is None or hello.kind != b"H":
            reason = hello.payload.decode(errors="replace") if hello else self._last_words()
            raise LaneDiedError(reason)

    def _ask(self, kind: bytes, value: object) -> wire.Frame:
        """The reply to a request. Raises AbandonedError when there is none: there is a ruling."""
        if self.ruling is None:
            self.send(kind, codec.encode(value, exactly=True))
            self._greet()
            if reply := self.receive():
                return reply
        raise AbandonedError

    def send(self, kind: bytes, payload: bytes) -> None:
        """Sends a request. Where the program hung up, receiving finds out how it ended.

        There is a ruling afterwards when it was stopped, because it did not read.
        """
        try:
            with contextlib.suppress(OSError):
                wire.send(self._peer, kind, payload, self._watch.wait_for_room)
        except StoppedError as stop:
            self._stop(stop)

    def receive(self, max_bytes: int | None = None) -> wire.Frame | None:
        """The next frame; None, and a ruling, when the program ended or was stopped."""
        if self.ruling is not None:
            return None
        try:
            return wire.receive(
                self._peer, max_bytes or self._limits.result_bytes, self._watch.wait
            )
        except StoppedError as stop:
            self._stop(stop)
        except wire.FrameTooLargeError as error:
            self._rule(Outcome.KILLED, f"sent {error}")
        except (EOFError, TimeoutError):
            self.close()
            if self.ending.cpu_seconds >= self._limits.cpu_seconds:
                self._rule(Outcome.TIMEOUT, time_reason(self._limits.cpu_seconds))
            else:
                self._rule(Outcome.KILLED, f"{self._last_words()} before it answered")
        self.close()
        return None

    def _last_words(self) -> str:
        return describe(self.ending.exit_code)

    def _stop(self, stop: StoppedError) -> None:
        self.ruling = Ruling(stop.outcome, stop.reason, wall_limited=stop.wall_limited)
        self.close()

    def _rule(self, outcome: Outcome, reason: str) -> None:
        self.ruling = Ruling(outcome, reason)

    @contextlib.contextmanager
    def _distrust(self) -> Any:
        """Whatever goes wrong in reading what the program sent is the program's fault."""
        try:
            yield
        except (codec.CodecError, TypeError, ValueError, KeyError, IndexError) as error:
            self._rule(Outcome.KILLED, f"sent what cannot be read: {error}")
            raise AbandonedError from None

    def _exception(self, name: str, message: str, line: int | None) -> BaseException:
        """The program's exception, as one that the test may expect."""
        self.raised_reason = _reason(name, message, line)
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            if not issubclass(kind, Exception):
                self._rule(Outcome.EXCEPTION, self.raised_reason)
                return AbandonedError()
            with contextlib.suppress(TypeError):  # a few take more than a message
                self.raised = kind(message)
        self.raised = self.raised or CandidateError(self.raised_reason)
        return self.raised


_OUTCOMES = {
    "SyntaxError": Outcome.SYNTAX_ERROR,
    "IndentationError": Outcome.SYNTAX_ERROR,
    "TabError": Outcome.SYNTAX_ERROR,
    "MemoryError": Outcome.MEMORY,
}


def outcome_of(raised: BaseException) -> Outcome:
    """The outcome that an uncaught exception of the program's call stands for."""
    return Outcome.MEMORY if isinstance(raised, MemoryError) else Outcome.EXCEPTION


def raised_ruling(payload: bytes) -> Ruling:
    """What an exception that the program ended in comes to, by its description."""
    name, message, line = _error(payload)
    return Ruling(_OUTCOMES.get(name, Outcome.EXCEPTION), _reason(name, message, line))


def _reported(reply: wire.Frame) -> Ruling:
    """What a test came to in the program's own process."""
    if reply.kind == b"O":
        return Ruling(Outcome.PASSED)
    name, message, line = _error(reply.payload)
    if name == "AssertionError":
        return Ruling(Outcome.WRONG_ANSWER, message or "an assertion of its test failed")
    return Ruling(_OUTCOMES.get(name, Outcome.EXCEPTION), _reason(name, message, line))


def _answer(payload: bytes) -> tuple[object, tuple[Any, Any] | None]:
    """A result, and the arguments after the call where they changed.

    The program may have written it by hand: only what a test does with the result may need the
    object itself, never reading it.
    """
    match codec.decode(payload):
        case (result, None):
            return result, None
        case (result, (tuple() as positional, dict() as keywords)):
            return result, (positional, keywords)
    raise codec.CodecError("not a result with its arguments")


def _error(payload: bytes) -> tuple[str, str, int | None]:
    """What a program says that it raised; anything else is read as an unknown exception."""
    with contextlib.suppress(codec.CodecError, codec.NeedsObject, TypeError, ValueError):
        name, message, line = codec.decode(payload)
        return str(name)[:100], str(message)[:500], line if type(line) is int else None
    return "Exception", "", None


def _reason(name: str, message: str, line: int | None) -> str:
    where = f" (line {line} of the program)" if line else ""
    return f"{name}: {message}{where}" if message else f"{name}{where}"


def _mutate(before: Any, after: Any) -> None:
    """Gives mutable arguments the content that they have after the call, in place."""
    if type(before) is not type(after):
        return
    if isinstance(before, list | bytearray):
        before[:] = after
    elif isinstance(before, set | dict):
        if isinstance(before, dict) and before.keys() == after.keys():
            for key in before:  # keywords, or a dict whose values changed: keep what is inside
                if type(before[key]) in _MUTABLE:
                    _mutate(before[key], after[key])
                else:
                    before[key] = after[key]
            return
        before.clear()
        before.update(after)
    elif isinstance(before, deque):
        before.clear()
        before.extend(after)
    elif isinstance(before, tuple):
        for old, new in zip(before, after, strict=False):
            _mutate(old, new)
    elif hasattr(before, "dtype") and before.shape == after.shape and before.shape:
        before[...] = after


_MUTABLE = frozenset({list, dict, set, bytearray, deque, tuple})
