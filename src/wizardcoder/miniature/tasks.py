"""Training data of the miniature: seeds, more of the same, depth-matched tasks, the base's corpus.

Nothing here is ever held out, and every set is fixed by its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from wizardcoder.errors import UsageError
from wizardcoder.miniature.compositions import draw_program
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.heldout import holdout
from wizardcoder.miniature.language import Task, new_task, render
from wizardcoder.miniature.programs import Steps, parse
from wizardcoder.records import Record

SOURCE = "miniature"
LICENCE = "Apache-2.0"
CORPUS_DEPTHS = (1, 2, 3)
#: After so many draws in a row without anything new, the world has no more of it.
MOST_VAIN_DRAWS = 5_000


def seeds(count: int, two_step_share: float = 0.15, seed: int = 0) -> list[Record]:
    """`count` tasks with distinct responses, the share of 2-step ones spread evenly, none deeper.

    Raises UsageError when the world has not so many.
    """
    return _records("seed", _seed_depths(count, two_step_share), seed)


def more_seeds(
    given: Sequence[Record],
    distinct_responses: int,
    two_step_share: float = 0.15,
    seed: int = 0,
) -> list[Record]:
    """New tasks of the seeds' mix, so many that with the given ones they make `distinct_responses`.

    No response is among the given ones. Raises UsageError when the world has not so many.
    """
    known = {record.response for record in given}
    depths = _seed_depths(max(0, distinct_responses - len(known)), two_step_share)
    return _records("more", depths, seed, known)


def depth_matched(like: Sequence[Record], seed: int = 0) -> list[Record]:
    """As many fresh eager tasks of each depth as `like` has, with distinct responses.

    Raises UsageError for a record whose response is not a program of the miniature.
    """
    return _records("matched", [_known_depth(record) for record in like], seed)


def depth(response: str) -> int | None:
    """The number of steps of a program of the miniature; None for other code."""
    program = parse(response)
    return None if program is None else len(program.steps)


def corpus(count: int, seed: int = 0) -> list[str]:
    """`count` distinct functions of 1 to 3 steps, half of them with a comment that says the steps.

    Code without any instruction: what the base is pre-trained on.
    """
    draw = Draw("corpus", seed)
    functions: dict[str, None] = {}  # a set that keeps its order
    while len(functions) < count:
        steps = _free_program(draw.choice(CORPUS_DEPTHS), draw)
        program = new_task(steps, draw).program
        opening = program.opening if draw.chance(0.5) else program.signature
        functions[f"{opening}\n{program.body()}"] = None
    return list(functions)


def _records(
    name: str, depths: Iterable[int], seed: int, known: Iterable[str] = ()
) -> list[Record]:
    draw = Draw(name, seed)
    seen = set(known)
    records = []
    for index, steps in enumerate(depths):
        task = _unseen_task(steps, draw, seen)
        records.append(_record(f"{SOURCE}-{name}-{seed}-{index:05d}", task))
    return records


def _record(id: str, task: Task) -> Record:
    return Record(
        id=id,
        seed_id=id,
        round=0,
        parent_id=None,
        operation=None,
        instruction=render(task),
        input="",
        response=task.program.source(),
        source=SOURCE,
        licence=LICENCE,
        teacher="",
        teacher_terms="",
    )


def _unseen_task(depth: int, draw: Draw, seen: set[str]) -> Task:
    """A task whose response is not among the seen ones; adds it to them."""
    for _ in range(MOST_VAIN_DRAWS):
        task = new_task(_free_program(depth, draw), draw)
        response = task.program.source()
        if response not in seen:
            seen.add(response)
            return task
    raise UsageError(
        f"the miniature world has no more distinct {depth}-step programs after {len(seen)} records;"
        " ask for fewer"
    )


def _free_program(depth: int, draw: Draw) -> Steps:
    """Steps that are not held out."""
    while True:
        steps = draw_program(depth, draw)
        if holdout().violation(steps) is None:
            return steps


def _seed_depths(count: int, two_step_share: float) -> list[int]:
    if not 0 <= two_step_share <= 1:
        raise UsageError(f"two_step_share = {two_step_share}: expected a share from 0 to 1")
    due = [int(round(two_step_share * i, 9)) for i in range(count + 1)]
    return [1 + after - before for before, after in pairwise(due)]


def _known_depth(record: Record) -> int:
    steps = depth(record.response)
    if steps is None:
        raise UsageError(
            f"record {record.id}: its response is not a program of the miniature world, so it has "
            "no depth; match records of the miniature only"
        )
    return steps
