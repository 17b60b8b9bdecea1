from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest

from wizardcoder.clean import minhash
from wizardcoder.clean.minhash import similar_pairs
from wizardcoder.clean.shingles import Shingles, shingle

from .planted import near, words


def planted(jaccard: float, count: int, seed: int = 0) -> Shingles:
    """Texts of which 2n and 2n + 1 have that Jaccard similarity, and no others any."""
    random = Random(seed)
    texts = []
    for _ in range(count):
        text = words(random, 104)
        texts += [text, near(text, jaccard, random)]
    return shingle(texts, 5)


def oracle(shingles: Shingles, threshold: float) -> dict[tuple[int, int], float]:
    sets = [set(shingles.of(index).tolist()) for index in range(len(shingles))]
    similarity = {
        (i, j): len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        for i, j in combinations(range(len(sets)), 2)
        if sets[i] and sets[j]
    }
    return {pair: jaccard for pair, jaccard in similarity.items() if jaccard >= threshold}


def found(shingles: Shingles, threshold: float) -> dict[tuple[int, int], float]:
    pairs = similar_pairs(shingles, threshold)
    return {
        (left, right): jaccard
        for left, right, jaccard in zip(*(array.tolist() for array in pairs), strict=True)
    }


@pytest.mark.parametrize(("jaccard", "recall"), [(0.9, 0.995), (0.8, 0.99), (0.71, 0.98)])
def test_planted_pairs_are_found(jaccard: float, recall: float) -> None:
    shingles = planted(jaccard, 400)
    pairs = found(shingles, 0.7)
    planted_pairs = {(n, n + 1) for n in range(0, len(shingles), 2)}
    assert len(planted_pairs & set(pairs)) >= recall * len(planted_pairs)


def test_every_pair_found_has_the_similarity_of_an_exact_count() -> None:
    shingles = planted(0.75, 80)
    exact = oracle(shingles, 0.7)
    pairs = found(shingles, 0.7)
    assert len(pairs) > 60
    assert {pair: exact.get(pair) for pair in pairs} == pairs


@pytest.mark.parametrize("threshold", [0.4, 0.6, 0.9, 1.0])
def test_the_bands_follow_the_threshold(threshold: float) -> None:
    shingles = planted(min(1.0, threshold + 0.02), 100)
    exact = oracle(shingles, threshold)
    assert len(exact) >= 90
    assert len(found(shingles, threshold)) >= 0.97 * len(exact)


def test_pairs_below_the_threshold_are_not_reported() -> None:
    assert not found(planted(0.6, 200), 0.7)


def test_empty_texts_resemble_nothing() -> None:
    assert not found(shingle(["", "", "a b c", ""], 5), 0.7)
    assert not found(shingle([], 5), 0.7)


def test_many_alike_are_all_paired_with_the_first() -> None:
    text = words(Random(1), 100)
    shingles = shingle([f"{text} {n}" for n in range(300)], 5)
    pairs = found(shingles, 0.7)
    assert all((0, n) in pairs for n in range(1, 300))
    assert len(pairs) < 300 * minhash.LEADERS


def test_blocks_of_any_size_give_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    shingles = planted(0.8, 50)
    whole = similar_pairs(shingles, 0.7)
    monkeypatch.setattr(minhash, "_BLOCK", 150)
    assert all(map(np.array_equal, whole, similar_pairs(shingles, 0.7)))
