"""The course of a training: which rows each step sees, and how many steps there are.

Known before the first step, and the same whether or not the training was interrupted, on however
many processes it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

from wizardcoder.recipe import Train
from wizardcoder.train.packing import Row, epoch_rows, single_rows
from wizardcoder.train.tokens import Tokens


class Step(NamedTuple):
    """The rows of one optimizer step, its real tokens and how many of them are learnt."""

    rows: list[Row]
    tokens: int
    label_tokens: int


class Plan(NamedTuple):
    """All steps of a training, lazily: `steps` of them."""

    data: Tokens
    options: Train
    steps: int

    def from_step(self, done: int) -> Iterator[Step]:
        """The steps that are left when `done` are done."""
        return islice(_steps(self.data, self.options), done, self.steps)


def make_plan(data: Tokens, options: Train) -> Plan:
    """The plan for exactly one of `steps`, `epochs` and `label_tokens`.

    By label tokens, the last step is the first that reaches them.
    """
    return Plan(data, options, _count_steps(data, options))


def share(step: Step, rows_per_batch: int, process: int, processes: int) -> list[list[Row]]:
    """The rows of each pass of one process: at most `rows_per_batch`, the same number of passes
    on every process, so that none waits for one that has nothing left; some may be empty.
    """
    passes = math.ceil(len(step.rows) / (rows_per_batch * processes))
    own = step.rows[process::processes]
    return [own[n * rows_per_batch : (n + 1) * rows_per_batch] for n in range(passes)]


def _count_steps(data: Tokens, options: Train) -> int:
    if options.label_tokens:
        seen = 0
        for done, step in enumerate(_steps(data, options), 1):
            seen += step.label_tokens
            if seen >= options.label_tokens:
                return done
    if options.epochs:
        return math.ceil(_count_rows(data, options, options.epochs) / options.rows_per_step)
    return options.steps


def _count_rows(data: Tokens, options: Train, epochs: float) -> int:
    return math.ceil(epochs * len(_epoch(data, options, 0)))


def _steps(data: Tokens, options: Train) -> Iterator[Step]:
    """Endlessly, but for `epochs`, whose last step has the rows that are left of them; a step may
    begin in one epoch and end in the next.
    """
    most = _count_rows(data, options, options.epochs) if options.epochs else None
    rows = islice((row for epoch in count() for row in _epoch(data, options, epoch)), most)
    while taken := list(islice(rows, options.rows_per_step)):
        members = [example for row in taken for example in row]
        yield Step(taken, int(data.lengths[members].sum()), int(data.labels[members].sum()))


def _epoch(data: Tokens, options: Train, epoch: int) -> list[Row]:
    if not options.packing:
        return single_rows(len(data), seed=options.seed, epoch=epoch)
    lengths: list[int] = data.lengths.tolist()
    return epoch_rows(lengths, options.length_tokens, seed=options.seed, epoch=epoch)
