"""pass@k and intervals against known answers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder import scoring
from wizardcoder.scoring import bootstrap_interval, paired_difference, pass_at_k, wilson_interval


def test_human_evals_own_example_scores_as_its_readme_says() -> None:
    assert pass_at_k(n=6, c=3, k=1) == 0.4999999999999999


@given(n=st.integers(1, 9), data=st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_passing_sample(
    n: int, data: st.DataObject
) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_stays_exact_where_binomials_overflow() -> None:
    assert pass_at_k(n=100_000, c=1, k=100) == pytest.approx(0.001)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 6), (5, 2, 0)])
def test_pass_at_k_refuses_impossible_counts(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"n={n}, c={c}, k={k}"):
        pass_at_k(n, c, k)


def test_wilson_interval_of_half_of_ten() -> None:
    assert wilson_interval(5, 10) == pytest.approx((0.236593, 0.763407), abs=1e-6)


@pytest.mark.parametrize("passed", [0, 164])
def test_wilson_interval_keeps_a_width_at_the_ends(passed: int) -> None:
    low, high = wilson_interval(passed, 164)
    assert 0 <= low < high <= 1


def test_nothing_is_known_of_no_samples() -> None:
    assert wilson_interval(0, 0) == (0, 1)


def test_bootstrap_interval_of_coin_throws_is_that_of_the_normal_distribution() -> None:
    low, high = bootstrap_interval([0, 1] * 200, seed=1)
    half = 1.96 * 0.5 / 400**0.5
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.005)


def test_bootstrap_interval_is_the_same_for_the_same_seed() -> None:
    values = np.linspace(0, 1, 50)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_training_seeds_that_differ_widen_the_interval() -> None:
    problems = np.tile([0.0, 1.0], 50)
    alike = bootstrap_interval(np.stack([problems] * 3, axis=1), seed=0)
    apart = bootstrap_interval(np.stack([problems * 0, problems, problems * 0 + 1], axis=1), seed=0)
    assert apart.high - apart.low > 2 * (alike.high - alike.low)


def test_an_arm_does_not_differ_from_itself() -> None:
    scores = np.tile([0.0, 1.0], 40)
    assert paired_difference(scores, scores, seed=0) == (0, (0, 0))


def test_pairing_makes_a_constant_gain_certain() -> None:
    scores = np.linspace(0, 0.5, 40)
    mean, (low, high) = paired_difference(scores, scores + 0.25, seed=0)
    assert (mean, low, high) == pytest.approx((0.25, 0.25, 0.25))


def test_arms_may_have_different_numbers_of_training_seeds() -> None:
    a, b = np.zeros((30, 3)), np.ones((30, 2))
    assert paired_difference(a, b, seed=0).mean == 1


def test_arms_on_different_problems_are_refused() -> None:
    with pytest.raises(ValueError, match="3 and 4 problems"):
        paired_difference([0, 1, 0], [0, 1, 0, 1], seed=0)


def test_scores_of_a_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="expected scores of shape"):
        bootstrap_interval(np.zeros((2, 2, 2)), seed=0)


@pytest.mark.parametrize(
    ("lost", "won", "p"),
    [(0, 0, 1.0), (3, 3, 1.0), (0, 1, 1.0), (0, 6, 0.03125), (4, 10, 0.179565)],
)
def test_mcnemars_p_is_the_binomial_one(lost: int, won: int, p: float) -> None:
    assert scoring.mcnemar(lost, won) == pytest.approx(p, rel=1e-4)
    assert scoring.mcnemar(won, lost) == scoring.mcnemar(lost, won)
