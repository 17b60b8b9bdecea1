"""What evolving a task means in the miniature world: Code Evol-Instruct's five operations.

Each is a function from a task and a draw to the evolved task, or None where it cannot apply. What
was said of the task is kept word for word, but for the change. A piece of erroneous code belongs
to one question: a question that changes loses it.

Nothing here knows of the benchmark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from wizardcoder.miniature.catalogue import BY_TAKES, with_kinds
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.language import (
    ADDITIONS,
    CONNECTORS,
    STREAM_DEMANDS,
    WARNINGS,
    Task,
    draw_phrasing,
    reworded,
)
from wizardcoder.miniature.operations import Operation
from wizardcoder.miniature.probes import behave_alike, is_sensible
from wizardcoder.miniature.programs import Steps, Style, draw_step, same_kinds, well_typed

Item = TypeVar("Item")
Evolution = Callable[[Task, Draw], Task | None]

#: A task does not grow beyond this many steps.
MOST_STEPS = 4
#: How many draws an operation tries before it gives up.
TRIES = 8


def constraints(task: Task, draw: Draw) -> Task | None:
    """One more step at the end, in a sentence of its own."""
    steps, phrasings = task.program.steps, task.phrasings
    if len(steps) >= MOST_STEPS:
        return None
    for _ in range(TRIES):
        step = draw_step(BY_TAKES[steps[-1].operation.gives], draw)
        if is_sensible((*steps, step)):
            longer = replace(task, additions=(*task.additions, draw.below(len(ADDITIONS))))
            return _asking_for(longer, (*steps, step), (*phrasings, draw_phrasing(step, draw)))
    return None


def reasoning(task: Task, draw: Draw) -> Task | None:
    """One more step within the first sentence, before one that is there."""
    steps, phrasings = task.program.steps, task.phrasings
    if len(steps) >= MOST_STEPS:
        return None
    for _ in range(TRIES):
        position = draw.below(task.in_first_sentence)
        kind = steps[position].operation.takes
        step = draw_step(with_kinds(kind, kind), draw)
        longer = _insert(steps, position, step)
        if is_sensible(longer):
            if task.in_first_sentence == 1:  # so far there was nothing to connect
                task = replace(task, connector=draw.below(len(CONNECTORS)))
            said = _insert(phrasings, position, draw_phrasing(step, draw))
            return _asking_for(task, longer, said)
    return None


def replacement(task: Task, draw: Draw) -> Task | None:
    """A rarer, more specific operation in the place of a common one."""
    steps = task.program.steps
    for _ in range(TRIES):
        position = draw.below(len(steps))
        rarer = _rarer(steps[position].operation)
        if not rarer:
            continue
        step = draw_step(rarer, draw)
        other = _put(steps, position, step)
        if not behave_alike(other, steps) and is_sensible(other):
            said = _put(task.phrasings, position, draw_phrasing(step, draw))
            return _asking_for(task, other, said)
    return None


def misdirection(task: Task, draw: Draw) -> Task | None:
    """A piece of code to look at that is wrong: the solution with one fault."""
    if task.wrong is not None:
        return None
    for _ in range(TRIES):
        faulty = _with_fault(task.program.steps, draw)
        if faulty is not None:
            wrong = replace(task.program, steps=faulty)
            return replace(task, wrong=wrong, warning=draw.below(len(WARNINGS)))
    return None


def complexity(task: Task, draw: Draw) -> Task | None:
    """A demand to stream, where that changes the solution."""
    streaming = replace(task.program, style=Style.LAZY)
    if streaming.source() == task.program.source():
        return None
    demand = draw.below(len(STREAM_DEMANDS))
    return replace(task, program=streaming, stream_demand=demand, warning=None, wrong=None)


def paraphrase(task: Task, draw: Draw) -> Task | None:
    """The same task in other words: a control, not one of the five."""
    for _ in range(TRIES):
        said = reworded(task, draw)
        if said != task:
            return said
    return None


#: By the names that `prompts` gives the operations.
EVOLUTIONS: Mapping[str, Evolution] = MappingProxyType(
    {
        "constraints": constraints,
        "replace": replacement,
        "reasoning": reasoning,
        "misdirection": misdirection,
        "complexity": complexity,
        "paraphrase": paraphrase,
    }
)


def _asking_for(task: Task, steps: Steps, phrasings: tuple[int, ...]) -> Task:
    program = replace(task.program, steps=steps)
    return replace(task, program=program, phrasings=phrasings, warning=None, wrong=None)


def _rarer(operation: Operation) -> list[Operation]:
    alike = with_kinds(operation.takes, operation.gives)
    return [other for other in alike if other.rarity > operation.rarity]


def _with_fault(steps: Steps, draw: Draw) -> Steps | None:
    """A program of the same kinds that behaves otherwise; None where this draw finds none."""
    position = draw.below(len(steps))
    operation = steps[position].operation
    left_out = _cut(steps, position)
    faulty = draw.choice(
        (
            _put(steps, position, draw_step(with_kinds(operation.takes, operation.gives), draw)),
            _put(steps, position, draw_step((operation,), draw)),
            left_out,
            _insert(left_out, draw.below(len(steps)), steps[position]),
        )
    )
    fits = well_typed(faulty) and same_kinds(faulty, steps)
    return faulty if fits and not behave_alike(faulty, steps) else None


def _put(row: tuple[Item, ...], position: int, item: Item) -> tuple[Item, ...]:
    return (*row[:position], item, *row[position + 1 :])


def _cut(row: tuple[Item, ...], position: int) -> tuple[Item, ...]:
    return row[:position] + row[position + 1 :]


def _insert(row: tuple[Item, ...], position: int, item: Item) -> tuple[Item, ...]:
    return (*row[:position], item, *row[position:])
