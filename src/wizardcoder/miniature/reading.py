"""The task that an instruction asks for, recovered from its text alone.

`read(render(task)) == task` for every task, and `render(read(text)) == text` for every text that
is read at all; any other text is outside the miniature world.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from wizardcoder.miniature.catalogue import OPERATIONS
from wizardcoder.miniature.language import (
    ADDITIONS,
    CONNECTORS,
    HEADS,
    STREAM_DEMANDS,
    WARNINGS,
    Task,
    render,
)
from wizardcoder.miniature.programs import Program, Step, Style, parse, well_typed

_SENTENCE = re.compile(r"(?<=\.) ")
_PARTING = re.compile(r"(, then | and finally |, | and )")


class _Unreadable(Exception):
    """The text is not of this world. Never leaves this module."""


class _Opening(NamedTuple):
    head: int
    name: str
    parameter: str
    phrases: list[str]
    connector: int


class _Said(NamedTuple):
    step: Step
    phrasing: int


def read(text: str) -> Task | None:
    """The task that an instruction asks for; None for text that this language does not say."""
    text = text.strip()
    main, _, note = text.partition("\n\n")
    try:
        task = _read_sentences(_SENTENCE.split(main))
        if note:
            task = _with_note(task, note)
    except _Unreadable:
        return None
    return task if render(task) == text else None


def _read_sentences(sentences: Sequence[str]) -> Task:
    first, *rest = sentences
    demand = None
    if rest and rest[-1] in STREAM_DEMANDS:
        demand = STREAM_DEMANDS.index(rest.pop())
    opening = _read_first(first)
    additions = [_read_addition(sentence) for sentence in rest]
    said = [_read_phrase(p) for p in (*opening.phrases, *(phrase for _, phrase in additions))]
    steps = tuple(entry.step for entry in said)
    if not well_typed(steps):
        raise _Unreadable
    style = Style.EAGER if demand is None else Style.LAZY
    return Task(
        program=Program(opening.name, opening.parameter, steps, style),
        head=opening.head,
        phrasings=tuple(entry.phrasing for entry in said),
        connector=opening.connector,
        additions=tuple(position for position, _ in additions),
        stream_demand=demand,
    )


def _read_first(sentence: str) -> _Opening:
    for head, pattern in enumerate(_head_patterns()):
        found = pattern.fullmatch(sentence)
        if found:
            pieces = _PARTING.split(found["b"])
            connector = _position(CONNECTORS, pieces[-2]) if len(pieces) > 1 else 0
            return _Opening(head, found["f"], found["a"], pieces[::2], connector)
    raise _Unreadable


def _read_addition(sentence: str) -> tuple[int, str]:
    for position, template in enumerate(ADDITIONS):
        before, after = template.split("{b}")
        if sentence.startswith(before) and sentence.endswith(after):
            return position, sentence[len(before) : -len(after)]
    raise _Unreadable


def _read_phrase(phrase: str) -> _Said:
    said = _said_steps().get(phrase)
    if said is None:
        raise _Unreadable
    return said


def _with_note(task: Task, note: str) -> Task:
    warning, _, fenced = note.partition("\n```python\n")
    wrong = parse(fenced.removesuffix("\n```"))
    if wrong is None:
        raise _Unreadable
    # Code without a generator in it may be either style: it is in its task's.
    wrong = replace(wrong, style=task.program.style)
    return replace(task, warning=_position(WARNINGS, warning), wrong=wrong)


def _position(templates: Sequence[str], text: str) -> int:
    if text not in templates:
        raise _Unreadable
    return templates.index(text)


@cache
def _head_patterns() -> tuple[re.Pattern[str], ...]:
    slots = {"f": r"(?P<f>[a-z]\w*)", "a": r"(?P<a>[a-z]\w*)", "b": r"(?P<b>.+)"}
    return tuple(
        re.compile(re.sub(r"\\{(\w)\\}", lambda slot: slots[slot[1]], re.escape(head)))
        for head in HEADS
    )


@cache
def _said_steps() -> dict[str, _Said]:
    """Every phrasing of every step."""
    return {
        operation.say(phrasing, constant): _Said(Step(operation, constant), phrasing)
        for operation in OPERATIONS
        for constant in operation.constants or (None,)
        for phrasing in range(len(operation.phrasings))
    }
