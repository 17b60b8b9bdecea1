"""Judges a program by what it returns for many inputs, held against a case file.

The program's process gets the inputs and answers with encoded results; the expected ones never
leave this side. Most results have the expected bytes and are not even decoded. Of those that have
not, one much longer than the oracle may accept is refused unread; any other is decoded within
limits, and the oracle decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from wizardcoder.records import Outcome
from wizardcoder.sandbox import batches, calls, codec, oracles, words
from wizardcoder.sandbox.calls import Answer
from wizardcoder.sandbox.casefile import BY_BYTES, BY_DIGEST, BY_VALUE, CaseFile
from wizardcoder.sandbox.lane import Lane
from wizardcoder.sandbox.limits import Cases, Limits
from wizardcoder.sandbox.oracles import FLOAT_TOLERANCE, Case
from wizardcoder.sandbox.proxy import Proxy, Ruling, raised_ruling
from wizardcoder.sandbox.state import keeps_state

_LENGTH_FACTOR, _LENGTH_SPARE = 16, 1024
# evalplus: for each input the larger of 4 s and 4 times the reference; for a part at most a minute
_INPUT_SECONDS, _SLOWNESS = 4.0, 4.0
_PART_SECONDS, _PART_SPARE = 60.0, 1.0


class Trial(NamedTuple):
    """What came of a program. `passed`: the parts, in order, that it got through."""

    ruling: Ruling
    passed: tuple[str, ...]
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


def judge_cases(lane: Lane, task: Cases, limits: Limits) -> Trial:
    """The program's trial on all parts of its case file.

    Each part has a process of its own, unless the program keeps nothing that could carry over from
    one to the next. Raises LaneDiedError.
    """
    cases = CaseFile(Path(task.cases))
    parts = tuple(cases.head.parts)
    trials: list[Trial] = []
    for together in [(part,) for part in parts] if keeps_state(task.program) else [parts]:
        trials.append(_try(lane, task, limits, cases, together))
        if trials[-1].ruling.outcome is not Outcome.PASSED:
            break
    return Trial(
        trials[-1].ruling,
        tuple(part for trial in trials for part in trial.passed),
        sum(trial.cpu_seconds for trial in trials),
        sum(trial.wall_seconds for trial in trials),
        max(trial.peak_bytes for trial in trials),
    )


def _try(lane: Lane, task: Cases, limits: Limits, cases: CaseFile, parts: Sequence[str]) -> Trial:
    passed = []
    with Proxy(lane, limits) as proxy:
        proxy.watch.begin(_PART_SECONDS + _PART_SPARE, _PART_SECONDS + _PART_SPARE)
        proxy.load(task)
        ruling: Ruling | None = proxy.ruling
        for part in parts if not ruling else ():
            ruling = _try_part(proxy, cases, part)
            if ruling:
                break
            passed.append(part)
    return Trial(
        ruling or proxy.excess or Ruling(Outcome.PASSED),
        tuple(passed),
        proxy.ending.cpu_seconds,
        proxy.wall_seconds,
        proxy.ending.peak_bytes,
    )


def _try_part(proxy: Proxy, cases: CaseFile, part: str) -> Ruling | None:
    """The ruling on a part where the program does not get through it."""
    input_seconds = max(_INPUT_SECONDS, _SLOWNESS * cases.head.slowest_seconds)
    part_seconds = min(_PART_SECONDS, input_seconds * cases.head.parts[part]) + _PART_SPARE
    proxy.watch.begin(part_seconds, input_seconds)
    number = cases.start(part)
    view = oracles.ORACLES[cases.head.oracle].view
    for first, answer in batches.answers(proxy, cases, part, view, _answer_bytes(cases)):
        if ruling := _check(cases, part, first, answer):
            return ruling
        number = first + len(answer.kinds)
    if proxy.ruling:
        where = f"{cases.call(number)} or one of the next"
        return proxy.ruling._replace(reason=f"{proxy.ruling.reason}, at {where}")
    return None


def _answer_bytes(cases: CaseFile) -> int:
    """How long an answer may be: one sent in time, whose last result is as long as it may be."""
    return calls.MAX_ANSWER_BYTES + min(_most_bytes(cases, cases.longest), calls.HUGE_BYTES)


def _most_bytes(cases: CaseFile, length: int) -> int:
    """How long a result may be where `length` bytes are expected."""
    if oracles.ORACLES[cases.head.oracle].any_length:
        return calls.HUGE_BYTES
    return _LENGTH_FACTOR * length + _LENGTH_SPARE


def _check(cases: CaseFile, part: str, first: int, answer: Answer) -> Ruling | None:
    """The ruling on the first item that is wrong."""
    if _is_expected(cases, first, answer):
        return None
    for number, (kind, item) in enumerate(answer.each(), first):
        if kind == calls.RAISED:
            fault = raised_ruling(item)
            return fault._replace(reason=f"{cases.call(number)}: {fault.reason}")
        if kind == calls.HUGE:
            ruling = _check_huge(cases, number, item)
        elif _has_expected_bytes(cases, number, item):
            continue
        else:
            ruling = _check_value(cases, part, number, item)
        if ruling:
            return ruling._replace(reason=f"{cases.call(number)} {ruling.reason}")
    return None


def _is_expected(cases: CaseFile, first: int, answer: Answer) -> bool:
    """Whether all items have the expected bytes, where bytes decide."""
    count = len(answer.kinds)
    return (
        answer.lengths == cases.lengths[4 * first : 4 * (first + count)]
        and cases.kinds.count(BY_BYTES, first, first + count) == count
        and calls.RAISED not in answer.kinds
        and calls.HUGE not in answer.kinds
        and answer.items == cases.stored(first, first + count)
    )


def _has_expected_bytes(cases: CaseFile, number: int, item: bytes) -> bool:
    kind = cases.kinds[number]
    if kind == BY_VALUE or len(item) != cases.length(number):
        return False
    found = hashlib.sha256(item).digest() if kind == BY_DIGEST else item
    return found == cases.stored(number, number + 1)


def _check_huge(cases: CaseFile, number: int, item: bytes) -> Ruling | None:
    """The ruling on a result that was only described: it has the expected bytes, or is wrong."""
    try:
        size, digest = calls.read_description(item)
    except codec.CodecError as error:
        return Ruling(Outcome.KILLED, f"sent what cannot be read: {error}")
    expected = cases.kinds[number], cases.length(number), cases.stored(number, number + 1)
    if (BY_DIGEST, size, digest) == expected:
        return None
    return Ruling(Outcome.WRONG_ANSWER, f"returned {size} bytes, not the expected ones")


def _check_value(cases: CaseFile, part: str, number: int, item: bytes) -> Ruling | None:
    """The ruling on an item that is not accepted, by its value."""
    most = _most_bytes(cases, cases.length(number))
    if len(item) > most:
        reason = f"returned {len(item)} bytes; at most {most} are looked at"
        return Ruling(Outcome.WRONG_ANSWER, reason)
    try:
        result = codec.decode(item, _decode_limits(cases, item))
    except codec.CodecError as error:
        return Ruling(Outcome.KILLED, f"sent what cannot be read: {error}")
    encoded = cases.expected(number)
    if encoded is None:
        return Ruling(Outcome.WRONG_ANSWER, f"returned {words.show(result)}")
    expected = codec.decode(encoded, codec.TRUSTED)
    case = Case(partial(cases.arguments, number), result, expected, *_atol(cases, part, number))
    if oracles.accepts(cases.head.oracle, case):
        return None
    reason = f"returned {words.show(result)}, expected {words.show(expected)}"
    return Ruling(Outcome.WRONG_ANSWER, reason)


def _decode_limits(cases: CaseFile, item: bytes) -> codec.DecodeLimits:
    if oracles.ORACLES[cases.head.oracle].any_length:
        return codec.DecodeLimits()
    return codec.DecodeLimits(nodes=len(item) + 1, int_bits=8 * len(item))


def _atol(cases: CaseFile, part: str, number: int) -> tuple[float, float]:
    """The tolerance before an input's expected result is looked at, and after."""
    start = cases.head.tolerance_from[part]
    if cases.head.atol or start is None:
        return cases.head.atol, cases.head.atol
    return (
        FLOAT_TOLERANCE if number > start else 0.0,
        FLOAT_TOLERANCE if number >= start else 0.0,
    )
