"""One lineage: a seed, evolved round after round, alone.

    evolve → eliminate → judge → answer → eliminate → (verify) → next round

A rejected attempt yields nothing; the next round starts from the last accepted instruction.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from wizardcoder import prompts
from wizardcoder.errors import (
    TeacherAccessError,
    TeacherError,
    TeacherRefusedError,
)
from wizardcoder.evolve import judging
from wizardcoder.evolve.elimination import (
    INSTRUCTION_RULES,
    Fault,
    answer_fault,
    instruction_fault,
)
from wizardcoder.evolve.languages import asking_for
from wizardcoder.evolve.plan import IN_BREADTH, Plan
from wizardcoder.recipe import Decoding
from wizardcoder.records import Record, Rejected
from wizardcoder.teacher.faults import escaped

if TYPE_CHECKING:
    from wizardcoder.evolve.verification import Verify

#: The rule of an attempt whose call failed after all retries; resuming tries it again.
TEACHER_FAILED = "teacher_failed"
#: The rule of an attempt with a request that the endpoint will never answer.
TEACHER_REFUSED = "teacher_refused"


class Reply(Protocol):
    """What a lineage needs of a teacher's reply."""

    @property
    def text(self) -> str: ...
    @property
    def finish_reason(self) -> str: ...


class Ask(Protocol):
    """Asks the teacher; `sample` tells redraws of the same request apart, `decoding` None: as
    the teacher always does.
    """

    async def __call__(
        self, prompt: str, *, sample: int = 0, decoding: Decoding | None = None
    ) -> Reply: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Record):
    """One round of one lineage; `rule` names the one rule that rejected it, "" if accepted.

    `attested`: its verification is one that the answer could not decide itself. `time_limited`: a
    time limit decided a part of it.
    """

    rule: str
    detail: str
    attested: bool = False
    time_limited: bool = False

    @property
    def accepted(self) -> bool:
        return not self.rule

    @classmethod
    def of(cls, row: Record) -> Attempt:
        """The attempt that a finished stage keeps as a record or as a rejected one."""
        values = {f.name: getattr(row, f.name) for f in fields(row)}
        return cls(**{"rule": "", "detail": "", **values})

    def record(self) -> Record:
        return Record(**{f.name: getattr(self, f.name) for f in fields(Record)})

    def rejection(self) -> Rejected:
        return Rejected.of(self, self.rule, self.detail)


class _Asking(NamedTuple):
    """The teacher of one attempt, and how often this lineage sent its model each prompt before."""

    ask: Ask
    asked: Counter[str]


async def walk(
    seed: Record,
    done: Sequence[Attempt],
    plan: Plan,
    asks: Sequence[Ask],
    verify: Verify | None = None,
) -> AsyncIterator[Attempt]:
    """The attempts of a lineage that are not in `done` yet, in the order of their rounds.

    `asks` are the plan's teachers, in its order; `verify` tries the answers out.
    """
    lineage = _Lineage(seed, plan, asks, verify)
    for attempt in done:
        lineage.remember(attempt)
    for round in range(len(done) + 1, plan.rounds + 1):
        attempt = await lineage.attempt(round)
        lineage.remember(attempt)
        yield attempt


class _Lineage:
    """What a lineage has come to: its last accepted record, and what its teachers were asked."""

    def __init__(
        self, seed: Record, plan: Plan, asks: Sequence[Ask], verify: Verify | None
    ) -> None:
        self._seed = seed
        self._plan = plan
        self._verifies = verify
        self._language = plan.language(seed.id)
        asked: dict[str, Counter[str]] = defaultdict(Counter)  # a model may have two endpoints
        models = (teacher.model for teacher in plan.teachers)
        self._teachers = [_Asking(ask, asked[m]) for ask, m in zip(asks, models, strict=True)]
        self._parent = seed

    def remember(self, attempt: Attempt) -> None:
        """Count the requests of an attempt, so that asking them again is a new sample."""
        asked = self._teachers[self._plan.teacher(self._seed.id, attempt.round)].asked
        asked[self._evolving_prompt(attempt)] += 1
        if attempt.judge:
            asked[prompts.judge(self._question, attempt.instruction)] += judging.TRIES
        if attempt.instruction and attempt.rule not in INSTRUCTION_RULES:
            asked[attempt.instruction] += max(1, attempt.tries)
        if attempt.tries:
            asked[prompts.tests(attempt.question)] += attempt.tries
        if attempt.accepted:
            self._parent = attempt.record()

    async def attempt(self, round: int) -> Attempt:
        """The attempt of one round: each step may reject it, and then there is no further one."""
        attempt = self._begin(round)
        teacher = self._teachers[self._plan.teacher(self._seed.id, round)]
        try:
            for step in (self._evolve, self._judge, self._answer, self._verify):
                attempt = await step(attempt, teacher)
                if attempt.rule:
                    return attempt
        except TeacherAccessError:
            raise
        except TeacherRefusedError as error:
            return _rejected(attempt, Fault(TEACHER_REFUSED, str(error)))
        except TeacherError as error:
            return _rejected(attempt, Fault(TEACHER_FAILED, str(error)))
        return attempt

    def _begin(self, round: int) -> Attempt:
        seed, plan = self._seed, self._plan
        teacher = plan.teachers[plan.teacher(seed.id, round)]
        return Attempt(
            id=f"{seed.id}#{round}",
            seed_id=seed.id,
            round=round,
            parent_id=self._parent.id,
            operation=plan.operation(seed.id, round),
            instruction="",
            input="",
            response="",
            source=seed.source,
            licence=seed.licence,
            system=seed.system,
            teacher=teacher.model,
            teacher_terms=teacher.terms,
            language=self._language,
            rule="",
            detail="",
        )

    @property
    def _question(self) -> str:
        """What is evolved."""
        return asking_for(self._language, self._parent.question)

    def _evolving_prompt(self, attempt: Attempt) -> str:
        return self._plan.evolving_prompt(str(attempt.operation), self._question)

    async def _evolve(self, attempt: Attempt, teacher: _Asking) -> Attempt:
        if not self._question.strip():
            return _rejected(attempt, Fault("empty_seed", "there is nothing to evolve"))
        operation, prompt = str(attempt.operation), self._evolving_prompt(attempt)
        reply = await teacher.ask(prompt, sample=teacher.asked[prompt])
        attempt = replace(attempt, instruction=asking_for(self._language, reply.text.strip()))
        fault = instruction_fault(
            self._question,
            attempt.instruction,
            reply.finish_reason,
            prompt=self._plan.custom_prompt(operation),
            in_breadth=operation == IN_BREADTH,
        )
        return _rejected(attempt, fault) if fault else attempt

    async def _judge(self, attempt: Attempt, teacher: _Asking) -> Attempt:
        if not self._plan.judges(str(attempt.operation)):
            return attempt
        prompt = prompts.judge(self._question, attempt.instruction)
        verdict = None
        for number in range(judging.TRIES):
            sample = teacher.asked[prompt] + number
            reply = await teacher.ask(prompt, sample=sample, decoding=self._plan.judge)
            if verdict := judging.verdict(reply.text, reply.finish_reason):
                break
        attempt = replace(attempt, judge=verdict or judging.UNCLEAR)
        if verdict == judging.EQUAL:
            return _rejected(attempt, Fault("no_information_gain", "equal, says the judge"))
        return attempt

    async def _answer(self, attempt: Attempt, teacher: _Asking) -> Attempt:
        prompt = attempt.instruction
        answer = await teacher.ask(prompt, sample=teacher.asked[prompt])
        attempt = replace(attempt, response=answer.text.strip())
        fault = answer_fault(answer.text, answer.finish_reason)
        return _rejected(attempt, fault) if fault else attempt

    async def _verify(self, attempt: Attempt, teacher: _Asking) -> Attempt:
        if self._verifies is None:
            return attempt
        found = await self._verifies(
            attempt.question, attempt.instruction, attempt.response, teacher.ask, teacher.asked
        )
        attempt = replace(
            attempt,
            response=found.response,
            verification=found.status.value,
            tries=found.tries,
            detail=found.detail,
            attested=found.attested,
            time_limited=found.time_limited,
        )
        fault = self._verifies.fault(found)
        return _rejected(attempt, fault) if fault else attempt


def _rejected(attempt: Attempt, fault: Fault) -> Attempt:
    return replace(
        attempt,
        instruction=escaped(attempt.instruction),
        response=escaped(attempt.response),
        rule=fault.rule,
        detail=fault.detail,
    )
