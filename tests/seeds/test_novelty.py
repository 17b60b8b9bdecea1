"""How like two texts are is ROUGE-L, and a text at the threshold counts as known."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.seeds.novelty import Novelty

WORDS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=12)


def common(first: list[str], second: list[str]) -> int:
    """The length of the longest common subsequence, by the definition."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first, 1):
        for j, other in enumerate(second, 1):
            longer = max(lengths[i - 1][j], lengths[i][j - 1])
            lengths[i][j] = lengths[i - 1][j - 1] + 1 if one == other else longer
    return lengths[-1][-1]


@given(WORDS, WORDS)
def test_it_agrees_with_the_definition(first: list[str], second: list[str]) -> None:
    novelty = Novelty(0.7)
    novelty.add(" ".join(first))
    found = novelty.nearest(" ".join(second))
    twice, words = 2 * common(first, second), len(first) + len(second)
    assert (found is not None) == (10 * twice >= 7 * words)
    assert found is None or abs(found.rouge_l - twice / words) < 1e-9


def test_case_and_punctuation_do_not_make_a_text_new() -> None:
    novelty = Novelty(1.0)
    novelty.add("Reverse a list, please!")
    assert novelty.nearest("reverse A LIST (please)") == ("Reverse a list, please!", 1.0)


def test_nothing_is_like_anything_before_the_first() -> None:
    assert Novelty(0.1).nearest("anything") is None


def test_more_words_than_the_basic_plane_has_characters() -> None:
    novelty = Novelty(0.7)
    novelty.add(" ".join(f"w{n}" for n in range(70_000)))
    novelty.add("quite another text")
    found = novelty.nearest("quite another text")
    assert found is not None and found.text == "quite another text"


def test_the_most_similar_text_is_named() -> None:
    chance = random.Random(0)
    texts = [" ".join(chance.choices("abcdefghij", k=10)) for _ in range(50)]
    novelty = Novelty(0.3)
    for text in texts:
        novelty.add(text)
    asked = " ".join(chance.choices("abcdefghij", k=10))
    found = novelty.nearest(asked)
    assert found is not None
    assert found.rouge_l == max(common(t.split(), asked.split()) / 10 for t in texts)
