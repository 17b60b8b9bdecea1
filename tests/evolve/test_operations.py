"""The operation of an attempt is a matter of (seed, lineage, round) and the weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from wizardcoder import recipe
from wizardcoder.evolve.operations import choose

DRAWS = 5000


def draw(weights: Mapping[str, float], seed: int = 0) -> Counter[str]:
    return Counter(choose(weights, seed, f"s/{n // 5:06d}", n % 5 + 1) for n in range(DRAWS))


def chi_square(drawn: Counter[str], weights: Mapping[str, float]) -> float:
    total = sum(weights.values())
    expected = {name: DRAWS * weight / total for name, weight in weights.items() if weight}
    return sum((drawn[name] - e) ** 2 / e for name, e in expected.items())


def test_by_default_the_five_are_drawn_uniformly() -> None:
    weights = recipe.Evolve().operations
    assert len(set(weights.values())) == 1
    assert chi_square(draw(weights), weights) < 18.47  # 99.9 % at four degrees of freedom


def test_weights_are_respected() -> None:
    weights = {"constraints": 4.0, "replace": 3.0, "reasoning": 2.0, "complexity": 0.5}
    assert chi_square(draw(weights), weights) < 16.27  # 99.9 % at three degrees of freedom


def test_an_operation_without_weight_is_never_drawn() -> None:
    drawn = draw({"complexity": 0.0, "constraints": 1.0, "replace": 0.0, "reasoning": 1.0})
    assert set(drawn) == {"constraints", "reasoning"}


def test_the_order_in_the_recipe_does_not_matter() -> None:
    weights = recipe.Evolve().operations
    backwards = dict(reversed(weights.items()))
    assert [choose(weights, 0, "a", n) for n in range(99)] == [
        choose(backwards, 0, "a", n) for n in range(99)
    ]


def test_the_choice_is_known_for_all_time() -> None:
    weights = recipe.Evolve().operations
    chosen = [choose(weights, 0, "code_alpaca_20k/000001", round) for round in range(1, 6)]
    assert chosen == ["misdirection", "replace", "reasoning", "replace", "misdirection"]


@pytest.mark.parametrize(
    ("first", "second"), [((0, "a", 1), (1, "a", 1)), ((0, "a", 1), (0, "b", 1))]
)
def test_another_seed_or_lineage_draws_otherwise(
    first: tuple[int, str, int], second: tuple[int, str, int]
) -> None:
    weights = recipe.Evolve().operations
    walks = [
        [choose(weights, seed, lineage, round + n) for n in range(20)]
        for seed, lineage, round in (first, second)
    ]
    assert walks[0] != walks[1]
