"""The course of a training: which rows each step sees, and how many steps there are.

Known before the first step, and the same whether or not the training was interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import NamedTuple

from wizardcoder.recipe import Train
from wizardcoder.train.examples import Encoded
from wizardcoder.train.packing import Row, epoch_rows


class Step(NamedTuple):
    """The rows of one optimizer step, its real tokens and how many of them are learnt."""

    rows: list[Row]
    tokens: int
    label_tokens: int


class Plan(NamedTuple):
    """All steps of a training, lazily: `steps` of them."""

    examples: Sequence[Encoded]
    options: Train
    steps: int

    def from_step(self, done: int) -> Iterator[Step]:
        """The steps that are left when `done` are done."""
        return islice(_steps(self.examples, self.options), done, self.steps)


def make_plan(examples: Sequence[Encoded], options: Train) -> Plan:
    """The plan for exactly one of `steps`, `epochs` and `label_tokens`.

    By label tokens, the last step is the first that reaches them.
    """
    return Plan(examples, options, _count_steps(examples, options))


def _count_steps(examples: Sequence[Encoded], options: Train) -> int:
    if options.label_tokens:
        seen = 0
        for done, step in enumerate(_steps(examples, options), 1):
            seen += step.label_tokens
            if seen >= options.label_tokens:
                return done
    if options.epochs:
        per_epoch = len(_epoch(examples, options, 0))
        return math.ceil(options.epochs * per_epoch / options.rows_per_step)
    return options.steps


def _steps(examples: Sequence[Encoded], options: Train) -> Iterator[Step]:
    """Endlessly; a step may begin in one epoch and end in the next."""
    rows = (row for epoch in count() for row in _epoch(examples, options, epoch))
    while True:
        taken = list(islice(rows, options.rows_per_step))
        members = [examples[i] for row in taken for i in row]
        yield Step(taken, sum(len(m.ids) for m in members), sum(m.labels for m in members))


def _epoch(examples: Sequence[Encoded], options: Train, epoch: int) -> list[Row]:
    lengths = [len(example.ids) for example in examples]
    return epoch_rows(lengths, options.length_tokens, seed=options.seed, epoch=epoch)
