"""Verification: whether an answer passes tests that were written apart from it. Beyond the paper.

The teacher writes the tests from the question alone; where an answer does not pass, answer and
tests are both written anew, so that hard questions are not the first to be lost. Tests say
something only if an answer that does nothing fails them.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from wizardcoder import extraction, prompts
from wizardcoder.errors import TeacherRefusedError
from wizardcoder.evolve.elimination import Fault, answer_fault
from wizardcoder.records import Outcome
from wizardcoder.sandbox import syntax
from wizardcoder.storage import Json

if TYPE_CHECKING:
    from wizardcoder.evolve.lineage import Ask, Attempt, Reply

#: The rule of an answer that failed its tests, where such answers are not kept.
FAILED_TESTS = "failed_tests"


class Status(StrEnum):
    """What is known of an answer; UNDECIDED where the sandbox itself failed."""

    VERIFIED = "verified"
    FAILED = "failed"
    NOT_TESTABLE = "not_testable"
    UNDECIDED = ""


_GRAVITY = (Status.VERIFIED, Status.FAILED, Status.UNDECIDED, Status.NOT_TESTABLE)


class Trial(NamedTuple):
    """How a program fared with some tests.

    `attested`: it could not decide that itself. `time_limited`: a time limit did.
    """

    outcome: Outcome
    reason: str = ""
    attested: bool = False
    time_limited: bool = False


class Run(Protocol):
    """Runs a program and then tests of it, both contained; neither is vouched for."""

    async def __call__(self, program: str, tests: str) -> Trial: ...


class Verification(NamedTuple):
    """The answer to keep, what is known of it, and after how many answers.

    It is the one that was verified, else the first one. `detail`: why it is not verified.
    `time_limited`: a time limit decided one of the trials, so another machine may decide otherwise.
    """

    response: str
    status: Status
    tries: int
    detail: str = ""
    attested: bool = False
    time_limited: bool = False


class _Try(NamedTuple):
    """What one answer and its tests came to."""

    status: Status
    detail: str = ""
    attested: bool = False
    time_limited: bool = False
    final: bool = False  # writing it anew would change nothing


class Verify(NamedTuple):
    """Verifies answers: at most `tries` of them for one question."""

    run: Run
    tries: int = 3
    keep_failed: bool = True

    async def __call__(
        self, question: str, prompt: str, answer: str, ask: Ask, asked: Counter[str]
    ) -> Verification:
        """What is known of `answer`, the teacher's reply to `prompt`, as a solution of `question`.

        `asked`: how often each prompt was asked in this lineage before this round; the answer was
        the next sample. Raises TeacherError when the teacher fails.
        """
        written, found = answer, [await self._try(question, answer, ask, asked, 0)]
        for number in range(1, self.tries):
            if found[-1].final:
                break
            written, fault = await _written_anew(prompt, ask, asked[prompt] + number)
            found.append(fault or await self._try(question, written, ask, asked, number))
        return _conclude(found, first=answer, last=written)

    async def _try(
        self, question: str, answer: str, ask: Ask, asked: Counter[str], number: int
    ) -> _Try:
        program = extraction.python_code(answer)
        if program is None:
            return _Try(Status.NOT_TESTABLE, "no Python", final=True)
        try:
            stub = empty_solution(program)
        except (SyntaxError, syntax.UnclearError) as error:
            return _Try(Status.FAILED, f"{type(error).__name__}: {error}")
        if not stub:
            return _Try(Status.NOT_TESTABLE, "defines nothing", final=True)
        prompt = prompts.tests(question)
        try:
            reply = await ask(prompt, sample=asked[prompt] + number)
        except TeacherRefusedError as error:  # that loses the tests, not the answer
            return _Try(Status.NOT_TESTABLE, str(error), final=True)
        if reply.text.strip().strip("`*.").startswith(prompts.NOT_TESTABLE):
            return _Try(Status.NOT_TESTABLE, "so says who was to write the tests", final=True)
        tests = _tests(reply)
        if tests is None:
            return _Try(Status.NOT_TESTABLE, "the tests are no Python")
        return await self._run_both(program, stub, tests)

    async def _run_both(self, program: str, stub: str, tests: str) -> _Try:
        trial = await self.run(program, tests)
        if trial.outcome is Outcome.INFRA_ERROR:
            return _Try(Status.UNDECIDED, trial.reason)
        if trial.outcome is not Outcome.PASSED:
            detail = f"{trial.outcome}: {trial.reason}"
            return _Try(Status.FAILED, detail, time_limited=trial.time_limited)
        empty = await self.run(stub, tests)
        if empty.outcome is Outcome.INFRA_ERROR:
            return _Try(Status.UNDECIDED, empty.reason)
        if empty.outcome is Outcome.PASSED:
            return _Try(Status.NOT_TESTABLE, "an answer that does nothing passes the tests")
        return _Try(
            Status.VERIFIED,
            attested=trial.attested,
            time_limited=empty.time_limited,
            final=True,
        )

    def fault(self, found: Verification) -> Fault | None:
        """Why an answer must not be used, or None."""
        if found.status is Status.FAILED and not self.keep_failed:
            return Fault(FAILED_TESTS, found.detail)
        return None


async def _written_anew(prompt: str, ask: Ask, sample: int) -> tuple[str, _Try | None]:
    """Another answer, and what it comes to where it is not fit to be data."""
    try:
        reply = await ask(prompt, sample=sample)
    except TeacherRefusedError as error:
        return "", _Try(Status.NOT_TESTABLE, str(error))
    fault = answer_fault(reply.text, reply.finish_reason)
    return reply.text.strip(), fault and _Try(Status.NOT_TESTABLE, fault.rule)


def counts(attempts: Iterable[Attempt], earlier: Json) -> Json:
    """How many attempts have which status, by round and operation.

    Also how many verdicts the answer could not have decided itself, and how many a time limit did:
    of those of an earlier stage, only its counts still tell.
    """
    tried = [attempt for attempt in attempts if attempt.tries]
    return {
        "by_round": _by("round", tried),
        "by_operation": _by("operation", tried),
        "attested": sum(each.attested for each in tried) + earlier.get("attested", 0),
        "time_limited": sum(each.time_limited for each in tried) + earlier.get("time_limited", 0),
    }


def _by(name: str, attempts: Iterable[Attempt]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for attempt in attempts:
        found[str(getattr(attempt, name))][attempt.verification or "undecided"] += 1
    return {key: dict(sorted(found[key].items())) for key in sorted(found)}


def empty_solution(program: str) -> str:
    r"""A program with the same names that does nothing; "" where it would define none.

    >>> print(empty_solution("import re\nLIMIT = 3\ndef f(x):\n    return x"))
    import re
    LIMIT = None
    def f(*args, **kwargs): pass

    Raises SyntaxError, and UnclearError for a program too large to look at.
    """
    lines = list(_empty_statements(syntax.parse(program)))
    return (
        "\n".join(lines) if any(not line.startswith(("import ", "from ")) for line in lines) else ""
    )


def _empty_statements(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                yield ast.unparse(statement)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"def {name}(*args, **kwargs): pass"
            case ast.ClassDef(name=name):
                yield _EMPTY_CLASS.format(name=name)
            case ast.Assign(targets=targets):
                yield from (f"{t.id} = None" for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{name} = None"


_EMPTY_CLASS = """\
class {name}:
    def __init__(self, *args, **kwargs): pass
    def __getattr__(self, name): return lambda *args, **kwargs: None"""


def _tests(reply: Reply) -> str | None:
    """The tests of a reply; None where they are no whole Python code."""
    code = extraction.python_code(reply.text) if reply.finish_reason == "stop" else None
    try:
        return code if code and syntax.parse(code).body else None
    except (SyntaxError, syntax.UnclearError):
        return None


def _conclude(found: list[_Try], *, first: str, last: str) -> Verification:
    """The outcome of all tries: verified by any, else the gravest that one of them says."""
    gravest = min(found, key=lambda each: _GRAVITY.index(each.status))
    return Verification(
        response=last if gravest.status is Status.VERIFIED else first,
        status=gravest.status,
        tries=len(found),
        detail=gravest.detail,
        attested=gravest.attested,
        time_limited=any(each.time_limited for each in found),
    )
