"""Seeds that a teacher helps to make: ideas for instructions, and an answer to each.

A source proposes ideas in a fixed order; every idea without a fault is answered. Where too many
fail, the source proposes further ones, until there are enough or it has none left. Who stops in
between loses nothing: the ledger answers again what it has answered before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol, TypeVar

from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.asking import Teachers
from wizardcoder.teacher import Teacher
from wizardcoder.teacher.faults import Fault, answer_fault, escaped

#: So many ideas are proposed before they are answered.
IDEAS_AT_ONCE = 1024

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Rejected):
    """One seed that was tried; `rule` names the one rule that rejected it, "" if accepted."""

    @property
    def accepted(self) -> bool:
        return not self.rule

    def record(self) -> Record:
        return Record(**_values(self))


class Idea(NamedTuple):
    """An instruction without its answer, who thought of it, and what is wrong with it, if it is."""

    record: Record
    teacher: Teacher
    fault: Fault | None = None


class Source(Protocol):
    """Where ideas come from."""

    @property
    def left_out(self) -> Sequence[Rejected]:
        """What it has looked at and not proposed."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What the manifest says of it beside the records."""

    @property
    def exhausted(self) -> str:
        """Why fewer seeds than wanted are an error, "" where the source just has no more."""

    async def propose(self, missing: int) -> list[Idea]:
        """Further ideas, about as many without fault as are missing; none when it has no more."""


def begin(seed_id: str, instruction: str, teacher: Teacher, *, source: str, licence: str) -> Record:
    """A seed that has no answer yet."""
    return Record(
        id=seed_id,
        seed_id=seed_id,
        round=0,
        parent_id=None,
        operation=None,
        instruction=escaped(instruction),
        input="",
        response="",
        source=source,
        licence=licence,
        teacher=teacher.options.model,
        teacher_terms=teacher.options.terms,
    )


async def make(
    source: Source,
    teachers: Teachers,
    wanted: int | None,
    on_attempt: Callable[[Attempt], None] = lambda attempt: None,
) -> list[Attempt]:
    """Attempts until `wanted` (None: all that the source has) are accepted; in the source's order.

    Raises TeacherAccessError at once, and TeacherError when the teacher fails ten times in a row.
    """
    attempts: list[Attempt] = []

    async def answer(idea: Idea) -> Attempt:
        attempt = await _attempt(idea, teachers)
        on_attempt(attempt)
        return attempt

    while (missing := _missing(attempts, wanted)) > 0:
        ideas = await source.propose(min(missing, IDEAS_AT_ONCE))
        if not ideas:
            break
        attempts += await in_parallel(answer, ideas, teachers.concurrency)
    return attempts


def _missing(attempts: Sequence[Attempt], wanted: int | None) -> int:
    if wanted is None:
        return IDEAS_AT_ONCE
    return wanted - sum(attempt.accepted for attempt in attempts)


async def _attempt(idea: Idea, teachers: Teachers) -> Attempt:
    response, fault = "", idea.fault
    if fault is None:
        answer = await teachers.ask(idea.teacher, idea.record.question)
        if isinstance(answer, Fault):
            fault = answer
        else:
            response = answer.text.strip()
            fault = answer_fault(answer.text, answer.finish_reason)
    rule, detail = fault or ("", "")
    values = {**_values(idea.record), "response": escaped(response)}
    return Attempt(**values, rule=rule, detail=detail)


def _values(record: Record) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(Record)}


async def in_parallel(
    work: Callable[[Item], Awaitable[Result]], items: Sequence[Item], concurrency: int
) -> list[Result]:
    """The results of `work` in the order of the items; the first error stops all of it."""
    results: dict[int, Result] = {}
    queue: Iterator[tuple[int, Item]] = iter(enumerate(items))

    async def work_off() -> None:
        for number, item in queue:
            results[number] = await work(item)

    tasks = [asyncio.create_task(work_off()) for _ in range(min(concurrency, len(items)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [results[number] for number in range(len(items))]
