from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from wizardcoder.recipe import Train
from wizardcoder.train.examples import Encoded
from wizardcoder.train.plan import Step, make_plan, share
from wizardcoder.train.tokens import in_memory

#: Ten examples of 10 tokens, 4 of which are learnt: 2 to a row of 20, 5 rows to an epoch.
DATA = in_memory([Encoded(np.arange(10), np.arange(10) >= 6) for _ in range(10)])


def options(**changes: object) -> Train:
    values = {"length_tokens": 20, "rows_per_step": 2, "steps": 0, "seed": 5, **changes}
    return Train.model_validate(values)


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        ({"steps": 7}, 7),
        ({"epochs": 1}, 3),
        ({"epochs": 2}, 5),
        ({"epochs": 0.5}, 2),
        ({"label_tokens": 16}, 1),
        ({"label_tokens": 17}, 2),
        ({"label_tokens": 160}, 10),
    ],
)
def test_a_plan_has_as_many_steps_as_asked(length: dict[str, float], steps: int) -> None:
    plan = make_plan(DATA, options(**length))
    assert plan.steps == len(list(plan.from_step(0))) == steps


def test_a_step_counts_its_tokens_and_labels() -> None:
    (step,) = make_plan(DATA, options(steps=1)).from_step(0)
    assert (len(step.rows), step.tokens, step.label_tokens) == (2, 40, 16)


def test_an_epoch_shows_every_example_once() -> None:
    plan = make_plan(DATA, options(steps=5, rows_per_step=1))
    assert sorted(i for step in plan.from_step(0) for row in step.rows for i in row) == list(
        range(10)
    )


@pytest.mark.parametrize("rows_per_step", [2, 512])
def test_epochs_end_with_their_last_row(rows_per_step: int) -> None:
    plan = make_plan(DATA, options(epochs=3, rows_per_step=rows_per_step))
    assert sum(len(step.rows) for step in plan.from_step(0)) == 15


def test_resuming_goes_on_with_the_step_after() -> None:
    plan = make_plan(DATA, options(steps=9))
    assert list(plan.from_step(4)) == list(islice(plan.from_step(0), 4, None))


@pytest.mark.parametrize(("rows", "processes"), [(5, 1), (5, 2), (4, 4), (1, 3)])
def test_processes_share_a_step_with_equally_many_passes(rows: int, processes: int) -> None:
    step = Step([(n,) for n in range(rows)], 0, 0)
    shares = [share(step, 2, process, processes) for process in range(processes)]
    assert len({len(passes) for passes in shares}) == 1
    assert all(len(batch) <= 2 for passes in shares for batch in passes)
    assert sorted(row for passes in shares for batch in passes for row in batch) == step.rows
