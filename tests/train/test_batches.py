from __future__ import annotations

import numpy as np
import pytest
import torch

from wizardcoder.train.batches import IGNORED, block_mask, make_batch, step_batches
from wizardcoder.train.examples import Encoded
from wizardcoder.train.plan import Step
from wizardcoder.train.tokens import in_memory


def encoded(ids: list[int], learnt: list[int]) -> Encoded:
    return Encoded(np.array(ids), np.array(learnt, dtype=bool))


#: Two prompt tokens and two responses; one prompt token and one response.
DATA = in_memory([encoded([11, 12, 13, 9], [0, 0, 1, 1]), encoded([21, 9], [0, 1])])


def test_a_packed_row_has_known_ids_positions_targets_and_documents() -> None:
    batch = make_batch([(0, 1)], DATA, 0, flat=False, row_tokens=7)
    assert batch.ids.tolist() == [[11, 12, 13, 9, 21, 9, 0]]
    assert batch.positions.tolist() == [[0, 1, 2, 3, 0, 1, 0]]
    assert batch.targets.tolist() == [[IGNORED, 13, 9, IGNORED, 9, IGNORED, IGNORED]]
    assert batch.documents.tolist() == [[1, 1, 1, 1, 2, 2, 0]]
    assert batch.borders is None


def test_a_flat_batch_has_its_rows_in_one_without_padding_and_says_where_documents_begin() -> None:
    batch = make_batch([(1,), (0, 1)], DATA, 0, flat=True)
    assert batch.ids.tolist() == [[21, 9, 11, 12, 13, 9, 21, 9]]
    assert batch.positions.tolist() == [[0, 1, 0, 1, 2, 3, 0, 1]]
    assert batch.borders is not None
    assert batch.borders.tolist() == [0, 2, 6, 8]
    assert batch.borders.dtype == torch.int32
    assert (batch.longest, batch.labels) == (4, 4)


@pytest.mark.parametrize("flat", [True, False])
def test_logits_are_asked_for_only_where_a_row_learns(flat: bool) -> None:
    batch = make_batch([(0, 1)], DATA, 0, flat=flat)
    assert batch.learning.tolist() == [1, 2, 4]


def test_every_response_of_a_conversation_is_a_target() -> None:
    data = in_memory([encoded([1, 2, 9, 3, 4, 9], [0, 1, 1, 0, 1, 1])])
    batch = make_batch([(0,)], data, 0, flat=True)
    assert batch.targets.tolist() == [[2, 9, IGNORED, 4, 9, IGNORED]]


@pytest.mark.parametrize("flat", [True, False])
def test_a_batch_without_rows_has_one_token_and_nothing_to_learn(flat: bool) -> None:
    batch = make_batch([], DATA, 5, flat=flat)
    assert batch.ids.tolist() == [[5]]
    assert (batch.labels, batch.learning.tolist()) == (0, [])


def test_padding_with_the_end_token_does_not_hide_the_real_end_token() -> None:
    batch = make_batch([(1,)], DATA, 9, flat=False, row_tokens=5)
    assert batch.targets.tolist() == [[9, IGNORED, IGNORED, IGNORED, IGNORED]]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_all_processes_together_see_every_row_of_a_step_once(processes: int) -> None:
    step = Step([(0,), (1,), (0, 1), (1,), (0,)], tokens=0, label_tokens=0)
    batches = [
        list(
            step_batches(step, DATA, 0, rows_per_batch=1, flat=True, process=p, processes=processes)
        )
        for p in range(processes)
    ]
    assert len({len(passes) for passes in batches}) == 1
    assert sum(batch.labels for passes in batches for batch in passes) == 9


def test_the_mask_shows_a_token_its_own_document_up_to_itself() -> None:
    mask = block_mask(torch.tensor([[1, 1, 2, 2, 0]]), torch.float32)
    assert mask.shape == (1, 1, 5, 5)
    assert (mask[0, 0] == 0).int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1],
    ]


def test_what_the_mask_hides_is_minus_infinity() -> None:
    mask = block_mask(torch.tensor([[1, 2]]), torch.bfloat16)
    assert mask.dtype == torch.bfloat16
    assert mask[0, 0, 0, 1] == mask[0, 0, 1, 0] == float("-inf")
