from __future__ import annotations

import numpy as np
import pytest

from wizardcoder.clean.minhash import PERMUTATIONS, RECALL, Permutations, rows_per_band


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95])
def test_bands_find_a_pair_at_the_threshold(threshold: float) -> None:
    rows = rows_per_band(threshold)
    assert 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL


def test_the_default_threshold_has_25_bands_of_5() -> None:
    found = Permutations.finding(0.7)
    assert (found.bands, found.rows, len(found.factors)) == (25, 5, 125)


def test_every_factor_is_odd_so_that_no_two_values_fall_together() -> None:
    assert np.all(Permutations.finding(0.7).factors % 2 == 1)


def test_no_permutations_propose_nothing() -> None:
    assert Permutations.none().bands == len(Permutations.none().factors) == 0
