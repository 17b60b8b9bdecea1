from __future__ import annotations

import numpy as np
import pytest

from wizardcoder.recipe import Train
from wizardcoder.train.examples import Encoded
from wizardcoder.train.plan import make_plan
from wizardcoder.train.survey import Passing, survey
from wizardcoder.train.tokens import in_memory

#: Ten examples of 10 tokens, 4 of which are learnt.
DATA = in_memory([Encoded(np.arange(10), np.arange(10) >= 6) for _ in range(10)])


def options(**changes: object) -> Train:
    values = {"length_tokens": 25, "rows_per_step": 2, "rows_per_batch": 2, **changes}
    return Train.model_validate({"steps": 0, "epochs": 1, **values})


def test_a_survey_adds_up_the_steps_of_a_plan() -> None:
    found = survey(make_plan(DATA, options()))
    assert (found.steps, found.examples, found.tokens, found.label_tokens) == (3, 10, 100, 40)


@pytest.mark.parametrize(("packing", "filled"), [(True, 20 / 25), (False, 10 / 25)])
def test_filled_is_the_share_of_real_tokens_in_the_room_of_rows(
    packing: bool, filled: float
) -> None:
    assert survey(make_plan(DATA, options(packing=packing))).filled == pytest.approx(filled)


@pytest.mark.parametrize(("processes", "tokens"), [(1, 40), (2, 20)])
def test_the_largest_pass_is_that_of_one_process(processes: int, tokens: int) -> None:
    found = survey(make_plan(DATA, options()), processes)
    assert found.largest == Passing(tokens, tokens * 4 // 10)
