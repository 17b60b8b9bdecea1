"""Seeds from a code base: a function or class inspires the teacher to one task.

The idea is OSS-Instruct's (arXiv 2312.02120), the words are ours. The teacher sees the code; who is
given the task does not, so that a task which needs the code, or quotes it, is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wizardcoder import prompts
from wizardcoder.records import Rejected
from wizardcoder.seeds.asking import Teachers
from wizardcoder.seeds.collecting import Collection, Definition
from wizardcoder.seeds.making import Idea, begin, in_parallel
from wizardcoder.storage import text_digest
from wizardcoder.teacher import Reply
from wizardcoder.teacher.faults import Fault, is_refusal, reply_fault

#: A task of fewer words asks for nothing in particular.
MIN_WORDS = 4
#: So many lines of the code in a row are a quotation.
QUOTED_LINES = 3

_MENTIONS_CODE = re.compile(
    r"\b(?:given|provided|above|original|aforementioned)\s+(?:\w+\s+)?(?:code|snippet)\b"
    r"|\b(?:code|snippet)\s+(?:above|provided|given)\b|\bthe\s+(?:code\s+)?snippet\b",
    re.IGNORECASE,
)
_PROMPT_SENTENCES = tuple(
    sentence.lower()
    for sentence in re.split(r"(?<=[.:])\s+", prompts.INSPIRED)
    if "{" not in sentence
)


class Inspiration:
    """Ideas that definitions inspire, taken in an order that the seed decides."""

    exhausted = ""  # a code base has what it has

    def __init__(self, found: Collection, teachers: Teachers, *, seed: int = 0) -> None:
        self._found = found
        self._teachers = teachers
        self._definitions = sorted(
            found.definitions, key=lambda definition: text_digest("order", seed, definition.id)
        )
        self._taken = 0
        self._instructions: dict[str, str] = {}

    @property
    def left_out(self) -> Sequence[Rejected]:
        """Files and definitions that were left out by a rule."""
        return self._found.left_out

    @property
    def counts(self) -> Mapping[str, int]:
        """Definitions, how many of them were asked about, and files that were not looked at."""
        not_looked_at = {f"files_{why}": n for why, n in sorted(self._found.counts.items())}
        return {"definitions": len(self._definitions), "asked": self._taken, **not_looked_at}

    async def propose(self, missing: int) -> list[Idea]:
        """The ideas that the next definitions inspire, one each."""
        batch = self._definitions[self._taken : self._taken + missing]
        self._taken += len(batch)
        ideas = await in_parallel(self._idea, batch, self._teachers.concurrency)
        return [self._unless_known(idea) for idea in ideas]

    async def _idea(self, definition: Definition) -> Idea:
        teacher = self._teachers.choose(definition.id)
        prompt = prompts.inspired(definition.code, definition.language)
        reply = await self._teachers.ask(teacher, prompt)
        text = "" if isinstance(reply, Fault) else reply.text.strip()
        fault = reply if isinstance(reply, Fault) else _reply_fault(reply, definition.code)
        source, licence = definition.source, definition.licence
        record = begin(definition.id, text, teacher, source=source, licence=licence)
        return Idea(record, teacher, fault)

    def _unless_known(self, idea: Idea) -> Idea:
        """The idea, with a fault where another definition has inspired the very same words."""
        words = " ".join(idea.record.instruction.lower().split())
        if idea.fault is None and (first := self._instructions.get(words)):
            return idea._replace(fault=Fault("duplicate_instruction", f"the same as {first}"))
        self._instructions.setdefault(words, idea.record.id)
        return idea


def _reply_fault(reply: Reply, code: str) -> Fault | None:
    fault = reply_fault(reply.text, reply.finish_reason, "instruction")
    return fault or task_fault(reply.text.strip(), code)


def task_fault(task: str, code: str) -> Fault | None:
    """Why a task that code inspired must not be used, or None.

    >>> task_fault("Explain what the given code does, line by line.", "x = 1")
    Fault(rule='needs_the_code', detail='given code')
    """
    if not task:
        return Fault("empty_instruction")
    if is_refusal(task):
        return Fault("refusal", "'sorry' instead of a task")
    if (words := len(task.split())) < MIN_WORDS:
        return Fault("too_short", f"{words} words")
    lowered = " ".join(task.lower().split())
    for sentence in _PROMPT_SENTENCES:
        if sentence in lowered:
            return Fault("copied_prompt", sentence)
    if quotation := _quotation(task, code):
        return Fault("copied_code", quotation)
    if "```" not in task and (match := _MENTIONS_CODE.search(task)):
        return Fault("needs_the_code", match[0])
    return None


def _quotation(task: str, code: str) -> str:
    """The first lines of the code that stand in a row in the task too, "" if none do."""
    in_task = "\n".join(_bare_lines(task))
    lines = _bare_lines(code)
    for start in range(len(lines) - QUOTED_LINES + 1):
        quoted = "\n".join(lines[start : start + QUOTED_LINES])
        if quoted in in_task:
            return quoted
    return ""


def _bare_lines(text: str) -> list[str]:
    return [stripped for line in text.split("\n") if (stripped := line.strip())]
