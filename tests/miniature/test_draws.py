"""Hashed choices."""

from collections import Counter

from wizardcoder.miniature.draws import Draw, shuffled


def test_equal_keys_draw_equal_rows() -> None:
    one, other = Draw("key", 1), Draw("key", 1)
    assert [one.below(1000) for _ in range(20)] == [other.below(1000) for _ in range(20)]


def test_another_key_draws_another_row() -> None:
    one, other = Draw("key", 1), Draw("key", 2)
    assert [one.below(1000) for _ in range(20)] != [other.below(1000) for _ in range(20)]


def test_a_row_stays_what_it_was_when_it_was_first_published() -> None:
    draw = Draw("known", 0)
    assert [draw.below(100) for _ in range(5)] == [51, 25, 19, 67, 1]


def test_every_item_is_drawn_about_equally_often() -> None:
    draw = Draw("even")
    counts = Counter(draw.choice("abcd") for _ in range(4000))
    assert all(900 < counts[letter] < 1100 for letter in "abcd")


def test_a_chance_of_a_quarter_comes_true_a_quarter_of_the_time() -> None:
    draw = Draw("quarter")
    assert 900 < sum(draw.chance(0.25) for _ in range(4000)) < 1100


def test_shuffling_loses_nothing_and_does_not_depend_on_the_given_order() -> None:
    items = list(range(50))
    assert sorted(shuffled(items, "key")) == items
    assert shuffled(items, "key") == shuffled(items[::-1], "key") != items
