from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.engines.choosing import draw

SHARES = torch.tensor([[0.1, 0.4, 0.2, 0.3]])


@pytest.mark.parametrize(("top_p", "kept"), [(0.4, {1}), (0.41, {1, 3}), (0.9, {1, 2, 3})])
def test_only_the_likeliest_tokens_that_hold_top_p_are_drawn(top_p: float, kept: set[int]) -> None:
    assert {draw(SHARES, top_p, [u])[0] for u in np.linspace(0, 0.9999, 100)} == kept


def test_tokens_are_drawn_by_their_shares() -> None:
    numbers = np.linspace(0, 1, 1000, endpoint=False)
    drawn = Counter(draw(SHARES.expand(1000, -1), 1.0, numbers.tolist()))
    assert [drawn[token] for token in range(4)] == [100, 400, 200, 300]


def test_a_flat_distribution_is_drawn_from_beyond_its_likeliest_tokens() -> None:
    flat = torch.full((1, 1000), 1e-3)
    found = {draw(flat, 0.9, [u])[0] for u in np.linspace(0, 0.9999, 2000)}
    assert 890 <= len(found) <= 910


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=300),
    st.floats(0.05, 1),
    st.floats(0, 1, exclude_max=True),
)
def test_a_row_is_drawn_alike_whatever_stands_beside_it(
    weights: list[float], top_p: float, uniform: float
) -> None:
    row = torch.tensor([weights]).softmax(-1)
    beside = torch.ones_like(row) / row.shape[1]
    (alone,) = draw(row, top_p, [uniform])
    assert draw(torch.cat([beside, row]), top_p, [0.5, uniform])[1] == alone
