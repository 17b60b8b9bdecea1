from __future__ import annotations

import numpy as np
import torch

from wizardcoder.train.batches import IGNORED, block_mask, make_batch
from wizardcoder.train.examples import Encoded

#: Two prompt tokens and two responses; one prompt token and one response.
EXAMPLES = [Encoded(np.array([11, 12, 13, 9]), 2), Encoded(np.array([21, 9]), 1)]


def test_a_packed_row_has_known_ids_positions_targets_and_documents() -> None:
    batch = make_batch([(0, 1)], EXAMPLES, 7, padding=0)
    assert batch.ids.tolist() == [[11, 12, 13, 9, 21, 9, 0]]
    assert batch.positions.tolist() == [[0, 1, 2, 3, 0, 1, 0]]
    assert batch.targets.tolist() == [[IGNORED, 13, 9, IGNORED, 9, IGNORED, IGNORED]]
    assert batch.documents.tolist() == [[1, 1, 1, 1, 2, 2, 0]]


def test_padding_with_the_end_token_does_not_hide_the_real_end_token() -> None:
    batch = make_batch([(1,)], EXAMPLES, 5, padding=9)
    assert batch.targets.tolist() == [[9, IGNORED, IGNORED, IGNORED, IGNORED]]


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
