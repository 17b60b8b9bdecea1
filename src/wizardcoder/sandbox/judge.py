"""Judges one task: runs its test here, while the program runs in a cage and answers calls.

The test's `candidate` is a proxy (`proxy`): the program never sees the test, and what it sends is
compared here. So it can be wrong, crash, hang or lie, but not decide.
"""

from __future__ import annotations

import random
import traceback
from functools import lru_cache
from types import CodeType
from typing import Any

from wizardcoder.records import Outcome
from wizardcoder.sandbox.borrowing import borrows, redefines
from wizardcoder.sandbox.cases import judge_cases
from wizardcoder.sandbox.codec import NeedsObject
from wizardcoder.sandbox.lane import Lane, LaneDiedError
from wizardcoder.sandbox.limits import (
    BASE,
    Cases,
    Check,
    Judgement,
    Limits,
    Reference,
    Script,
    Task,
)
from wizardcoder.sandbox.proxy import AbandonedError, Proxy, Ruling, outcome_of
from wizardcoder.sandbox.recording import record
from wizardcoder.sandbox.words import one_line, show

_TEST_FILE = "<test>"


def judge(lane: Lane, task: Task, limits: Limits) -> Judgement:
    """The judgement of a task. A zygote that dies is replaced, and the task judged once more."""
    if not task.program.strip():
        return Judgement(outcome=Outcome.NO_CODE, reason="no code", level=lane.level)
    try:
        return _judge(lane, task, limits)
    except LaneDiedError:
        lane.restart()
    try:
        return _judge(lane, task, limits)
    except LaneDiedError as error:
        lane.restart()
        reason = f"the sandbox failed twice: {error}"
        return Judgement(outcome=Outcome.INFRA_ERROR, reason=reason, level=lane.level)


def _judge(lane: Lane, task: Task, limits: Limits) -> Judgement:
    match task:
        case Check():
            return _check(lane, task, limits)
        case Script():
            return _script(lane, task, limits)
        case Cases():
            return _cases(lane, task, limits)
        case Reference():
            return _reference(lane, task, limits)
    raise TypeError(f"no judge for a {type(task).__name__}")


def _check(lane: Lane, task: Check, limits: Limits) -> Judgement:
    if redefines(task.program, _compile(task.test), task.helpers, task.entry_point):
        return _unsealed(lane, task, limits)
    try:
        return _sealed(lane, task, limits)
    except NeedsObject:
        return _unsealed(lane, task, limits)


def _sealed(lane: Lane, task: Check, limits: Limits) -> Judgement:
    """Raises NeedsObject when the test wants more of a result than data."""
    with Proxy(lane, limits) as proxy:
        proxy.load(task)
        ruling = proxy.ruling or _run_test(task, proxy)
    return _judgement(lane, proxy, ruling)


def _unsealed(lane: Lane, task: Check, limits: Limits) -> Judgement:
    with Proxy(lane, limits) as proxy:
        proxy.load(task)
        try:
            ruling = proxy.ruling or proxy.run_test(task)
        except AbandonedError:
            assert proxy.ruling is not None
            ruling = proxy.ruling
    return _judgement(lane, proxy, ruling._replace(attested=False))


def _script(lane: Lane, task: Script, limits: Limits) -> Judgement:
    with Proxy(lane, limits) as proxy:
        try:
            ruling = proxy.run_script(task)
        except AbandonedError:
            assert proxy.ruling is not None
            ruling = proxy.ruling
    return _judgement(lane, proxy, ruling._replace(attested=False))


def _cases(lane: Lane, task: Cases, limits: Limits) -> Judgement:
    trial = judge_cases(lane, task, limits)
    return Judgement(
        outcome=trial.ruling.outcome,
        reason=one_line(trial.ruling.reason),
        level=lane.level,
        cpu_seconds=round(trial.cpu_seconds, 6),
        wall_seconds=round(trial.wall_seconds, 6),
        peak_bytes=trial.peak_bytes,
        wall_limited=trial.ruling.wall_limited,
        base=BASE in trial.passed,
    )


def _reference(lane: Lane, task: Reference, limits: Limits) -> Judgement:
    with Proxy(lane, limits) as proxy:
        ruling = record(proxy, task)
    return _judgement(lane, proxy, ruling)


def _judgement(lane: Lane, proxy: Proxy, ruling: Ruling) -> Judgement:
    if ruling.outcome is Outcome.PASSED and (excess := proxy.excess):
        ruling = excess._replace(attested=ruling.attested)
    return Judgement(
        outcome=ruling.outcome,
        reason=one_line(ruling.reason),
        attested=ruling.attested,
        level=lane.level,
        cpu_seconds=round(proxy.ending.cpu_seconds, 6),
        wall_seconds=round(proxy.wall_seconds, 6),
        peak_bytes=proxy.ending.peak_bytes,
        wall_limited=ruling.wall_limited,
    )


def _run_test(task: Check, proxy: Proxy) -> Ruling:
    random.seed(0)  # a test that draws its cases draws the same ones every time
    code, namespace = _compile(task.test), _namespace(task, proxy)
    if "check" not in code.co_names:
        raise ValueError("the test defines no check(candidate)")
    try:
        exec(code, namespace)
        namespace["check"](proxy)
    except NeedsObject:
        raise
    except AbandonedError:
        pass  # there is a ruling
    except BaseException as error:
        if isinstance(error, NameError) and error is not proxy.raised:
            raise NeedsObject("a name that only the program defines") from None
        return proxy.ruling or _failure(error, task, proxy)
    # a test may have caught what the program's end raised: that does not make it pass
    return proxy.ruling or Ruling(Outcome.PASSED)


def _failure(error: BaseException, task: Check, proxy: Proxy) -> Ruling:
    if error is proxy.raised:
        return Ruling(outcome_of(error), proxy.raised_reason)
    line = _line(error, task.test)
    if not isinstance(error, AssertionError):  # the result was of a kind that the test cannot use
        line = f"{line}; {type(error).__name__}: {str(error)[:100]}"
    return Ruling(Outcome.WRONG_ANSWER, f"{line}; the last result was {show(proxy.returned)}")


def _namespace(task: Check, proxy: Proxy) -> dict[str, Any]:
    """What the test finds when it is run: the entry point, and the helpers if it uses any.

    The entry point is the program's, whatever the helpers define: tests call it by name, too.
    """
    namespace: dict[str, Any] = {"__name__": "test"}
    if borrows(_compile(task.test), task.helpers):
        exec(_compile(task.helpers), namespace)
    namespace[task.entry_point] = proxy
    return namespace


@lru_cache(maxsize=512)
def _compile(source: str) -> CodeType:
    return compile(source, _TEST_FILE, "exec")


def _line(error: BaseException, test: str) -> str:
    """The line of the test that failed."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == _TEST_FILE and frame.lineno
    ]
    source = test.splitlines()
    return source[lines[-1] - 1].strip() if lines and lines[-1] <= len(source) else ""
