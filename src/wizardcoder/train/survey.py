"""What a training will see, counted before it begins: tokens, rows, and its largest pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from wizardcoder.train.packing import Row
from wizardcoder.train.plan import Plan, share
from wizardcoder.train.tokens import Tokens


class Passing(NamedTuple):
    """The tokens of a pass, and how many of them are learnt."""

    tokens: int
    labels: int


class Survey(NamedTuple):
    """All steps of a training together. `examples` are counted as often as they are seen.

    `filled`: real tokens of the tokens that its rows have room for. `largest`: of the passes of
    one process, the most tokens and the most labels.
    """

    steps: int
    examples: int
    tokens: int
    label_tokens: int
    filled: float
    largest: Passing


def survey(plan: Plan, processes: int = 1) -> Survey:
    """Go through the steps of a plan as `processes` would, without computing anything."""
    rows = examples = tokens = label_tokens = 0
    largest = Passing(1, 1)
    for step in plan.from_step(0):
        rows += len(step.rows)
        examples += sum(map(len, step.rows))
        tokens += step.tokens
        label_tokens += step.label_tokens
        for rank in range(processes):
            passes = share(step, plan.options.rows_per_batch, rank, processes)
            largest = Passing(*map(max, zip(largest, *_sizes(passes, plan.data), strict=True)))
    room = rows * plan.options.length_tokens
    filled = tokens / room if room else 0.0
    return Survey(plan.steps, examples, tokens, label_tokens, filled, largest)


def _sizes(passes: Iterable[list[Row]], data: Tokens) -> Iterator[Passing]:
    for rows in passes:
        members = np.fromiter((index for row in rows for index in row), dtype=np.int64)
        yield Passing(int(data.lengths[members].sum()), int(data.labels[members].sum()))
