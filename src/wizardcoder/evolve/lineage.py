"""One lineage: a seed, evolved round after round, alone.

    evolve → eliminate → answer → eliminate → next round

A rejected attempt yields nothing; the next round starts from the last accepted instruction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple, Protocol

from wizardcoder import prompts
from wizardcoder.errors import TeacherAccessError, TeacherError
from wizardcoder.evolve.elimination import (
    INSTRUCTION_RULES,
    Fault,
    answer_fault,
    instruction_fault,
)
from wizardcoder.evolve.operations import choose
from wizardcoder.records import Record

#: The rule of an attempt whose call failed after all retries; resuming tries it again.
TEACHER_FAILED = "teacher_failed"


class Reply(Protocol):
    """What a lineage needs of a teacher's reply."""

    @property
    def text(self) -> str: ...
    @property
    def finish_reason(self) -> str: ...


class Ask(Protocol):
    """Asks the teacher; `sample` tells redraws of the same request apart."""

    async def __call__(self, prompt: str, *, sample: int) -> Reply: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Record):
    """One round of one lineage; `rule` names the one rule that rejected it, "" if accepted."""

    rule: str
    detail: str

    @property
    def accepted(self) -> bool:
        return not self.rule

    def record(self) -> Record:
        return Record(**{f.name: getattr(self, f.name) for f in fields(Record)})


class Plan(NamedTuple):
    """What evolving does, apart from whom it asks."""

    rounds: int
    operations: Mapping[str, float]
    seed: int
    teacher: str
    teacher_terms: str


async def walk(
    seed: Record, done: Sequence[Attempt], plan: Plan, ask: Ask
) -> AsyncIterator[Attempt]:
    """The attempts of a lineage that are not in `done` yet, in the order of their rounds."""
    parent = seed
    redraws: Counter[str] = Counter()
    for attempt in done:
        _count(redraws, parent.question, attempt)
        parent = attempt.record() if attempt.accepted else parent
    for round in range(len(done) + 1, plan.rounds + 1):
        attempt = await _attempt(_begin(seed, parent, round, plan), parent, redraws, ask)
        _count(redraws, parent.question, attempt)
        yield attempt
        parent = attempt.record() if attempt.accepted else parent


def _begin(seed: Record, parent: Record, round: int, plan: Plan) -> Attempt:
    return Attempt(
        id=f"{seed.id}#{round}",
        seed_id=seed.id,
        round=round,
        parent_id=parent.id,
        operation=choose(plan.operations, plan.seed, seed.id, round),
        instruction="",
        input="",
        response="",
        source=seed.source,
        licence=seed.licence,
        teacher=plan.teacher,
        teacher_terms=plan.teacher_terms,
        rule="",
        detail="",
    )


async def _attempt(attempt: Attempt, parent: Record, redraws: Counter[str], ask: Ask) -> Attempt:
    prompt = prompts.evolve(str(attempt.operation), parent.question)
    try:
        evolved = await ask(prompt, sample=redraws[prompt])
        attempt = replace(attempt, instruction=evolved.text.strip())
        if fault := instruction_fault(parent.question, attempt.instruction, evolved.finish_reason):
            return _rejected(attempt, fault)
        answer = await ask(attempt.instruction, sample=redraws[attempt.instruction])
        attempt = replace(attempt, response=answer.text.strip())
        if fault := answer_fault(answer.text, answer.finish_reason):
            return _rejected(attempt, fault)
    except TeacherAccessError:
        raise
    except TeacherError as error:
        return _rejected(attempt, Fault(TEACHER_FAILED, str(error)))
    return attempt


def _rejected(attempt: Attempt, fault: Fault) -> Attempt:
    return replace(
        attempt,
        instruction=_escaped(attempt.instruction),
        response=_escaped(attempt.response),
        rule=fault.rule,
        detail=fault.detail,
    )


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()  # what UTF-8 cannot hold


def _count(redraws: Counter[str], question: str, attempt: Attempt) -> None:
    """Remember the requests of an attempt, so that asking them again is a new sample."""
    redraws[prompts.evolve(str(attempt.operation), question)] += 1
    if attempt.instruction and attempt.rule not in INSTRUCTION_RULES:
        redraws[attempt.instruction] += 1
