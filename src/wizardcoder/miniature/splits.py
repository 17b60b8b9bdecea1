"""Which tasks make up the miniature's benchmark, and so what is held out.

The 2- and 3-step compositions are drawn by hash from all there are, with nothing of a model in
view. One is fit for the benchmark when, at canonical constants, it is sensible and no shorter
composition behaves alike: what was seen in training must not solve it by another road. Pairs that
behave alike (sort and add, add and sort) are held out together, so that the hold-out by behaviour
costs training no further pairs. A test task has a composition of its own; development tasks share
pairs, of which the world has few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Literal

from wizardcoder.miniature.catalogue import OPERATIONS
from wizardcoder.miniature.compositions import Composition, all_compositions, draw_composition
from wizardcoder.miniature.draws import Draw, shuffled
from wizardcoder.miniature.language import Task, new_task, render
from wizardcoder.miniature.probes import behaviour, canonical, is_sensible
from wizardcoder.miniature.programs import Step, Steps, draw_step

Split = Literal["dev", "test"]
SPLITS: tuple[Split, ...] = ("dev", "test")

BENCHMARK_NAMES: dict[Split, str] = {"dev": "miniature-dev", "test": "miniature"}
TASKS_PER_DEPTH: dict[Split, int] = {"dev": 100, "test": 150}
PAIRS: dict[Split, int] = {"dev": 25, "test": 150}


@dataclass(frozen=True, slots=True)
class Item:
    """A task of a split. `task_id` is like 'miniature/2-step/017'."""

    task_id: str
    task: Task

    @property
    def steps(self) -> Steps:
        return self.task.program.steps

    @property
    def group(self) -> str:
        """The depth, as the benchmark reports it: '2-step'."""
        return f"{len(self.steps)}-step"


@cache
def items(split: Split) -> tuple[Item, ...]:
    """The tasks of a split: 1-step, 2-step, 3-step."""
    return tuple(item for depth in (1, 2, 3) for item in _items_of_depth(split, depth))


def held_items() -> Iterator[Item]:
    """The tasks of both splits that nothing may be trained on."""
    for split in SPLITS:
        yield from (item for item in items(split) if len(item.steps) > 1)


def _items_of_depth(split: Split, depth: int) -> Iterator[Item]:
    compositions = _compositions(split, depth)
    said: set[str] = set()
    for number in range(TASKS_PER_DEPTH[split]):
        task_id = f"{BENCHMARK_NAMES[split]}/{depth}-step/{number:03d}"
        task = _unsaid_task(compositions[number % len(compositions)], Draw(task_id), said)
        said.add(render(task))
        yield Item(task_id, task)


def _unsaid_task(composition: Composition, draw: Draw, said: set[str]) -> Task:
    """A task of the composition that is in other words than the ones said.

    Its constants leave it sensible, and more than what one step does with other constants.
    """
    while True:
        steps = tuple(draw_step((operation,), draw) for operation in composition)
        task = new_task(steps, draw)
        one_step_does = len(steps) > 1 and behaviour(steps) in _single_step_behaviours()
        if is_sensible(steps) and not one_step_does and render(task) not in said:
            return task


@cache
def _single_step_behaviours() -> frozenset[bytes]:
    return frozenset(
        behaviour((Step(operation, constant),))
        for operation in OPERATIONS
        for constant in operation.constants or (None,)
    )


def _compositions(split: Split, depth: int) -> Sequence[Composition]:
    if depth == 1:
        return shuffled(all_compositions(1), split)
    return (_held_pairs() if depth == 2 else _held_triples())[split]


@cache
def _held_pairs() -> dict[Split, list[Composition]]:
    """Whole classes of pairs that behave alike, in an order drawn by hash."""
    pairs = [p for p in all_compositions(2) if is_sensible(canonical(p))]
    known = _behaviours(1)
    classes = [
        list(alike)
        for behaves, alike in groupby(sorted(pairs, key=_behaviour), key=_behaviour)
        if behaves not in known
    ]
    remaining = shuffled(classes, "held pairs")
    held: dict[Split, list[Composition]] = {"test": [], "dev": []}
    for split, chosen in held.items():
        for alike in list(remaining):
            if len(chosen) + len(alike) <= PAIRS[split]:
                chosen += alike
                remaining.remove(alike)
    return held


@cache
def _held_triples() -> dict[Split, list[Composition]]:
    draw = Draw("held triples")
    taken = _behaviours(1) | _behaviours(2)
    held: dict[Split, list[Composition]] = {"test": [], "dev": []}
    for split, chosen in held.items():
        while len(chosen) < TASKS_PER_DEPTH[split]:
            triple = draw_composition(3, draw)
            if is_sensible(canonical(triple)) and _behaviour(triple) not in taken:
                taken.add(_behaviour(triple))
                chosen.append(triple)
    return held


def _behaviours(depth: int) -> set[bytes]:
    return {_behaviour(composition) for composition in all_compositions(depth)}


def _behaviour(composition: Composition) -> bytes:
    return behaviour(canonical(composition))
