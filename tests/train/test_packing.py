from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.train.packing import epoch_rows, single_rows

LENGTHS = st.lists(st.integers(1, 50), max_size=80)


@given(LENGTHS, st.integers(0, 3))
def test_every_example_is_in_exactly_one_row(lengths: list[int], epoch: int) -> None:
    rows = epoch_rows(lengths, 50, seed=1, epoch=epoch)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))


@given(LENGTHS)
def test_no_row_is_longer_than_it_may_be(lengths: list[int]) -> None:
    rows = epoch_rows(lengths, 50, seed=1, epoch=0)
    assert all(sum(lengths[i] for i in row) <= 50 for row in rows)


def test_an_example_goes_into_the_fullest_row_that_holds_it() -> None:
    # 7 | 6 are opened; 3 fits both (10 of 10 behind the 7), 4 fits behind the 6 only
    rows = epoch_rows([3, 7, 4, 6], 10, seed=0, epoch=0)
    assert {frozenset(row) for row in rows} == {frozenset({1, 0}), frozenset({3, 2})}


def test_rows_of_short_examples_are_at_least_97_percent_full() -> None:
    lengths = [20 + (i * 37) % 60 for i in range(2000)]
    rows = epoch_rows(lengths, 128, seed=0, epoch=0)
    assert sum(lengths) / (128 * len(rows)) >= 0.97


def test_the_same_seed_and_epoch_give_the_same_rows() -> None:
    lengths = [1 + i % 30 for i in range(200)]
    assert epoch_rows(lengths, 64, seed=3, epoch=2) == epoch_rows(lengths, 64, seed=3, epoch=2)


def test_another_epoch_has_another_order_and_other_neighbours() -> None:
    lengths = [1 + i % 30 for i in range(200)]
    first, second = (epoch_rows(lengths, 64, seed=3, epoch=e) for e in (0, 1))
    assert [row[0] for row in first] != [row[0] for row in second]
    assert {frozenset(row) for row in first} != {frozenset(row) for row in second}


def test_another_seed_has_another_order() -> None:
    lengths = [1 + i % 30 for i in range(200)]
    assert epoch_rows(lengths, 64, seed=0, epoch=0) != epoch_rows(lengths, 64, seed=1, epoch=0)


def test_without_packing_each_example_has_a_row_in_an_order_of_its_epoch() -> None:
    first, second = (single_rows(50, seed=0, epoch=epoch) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == [(example,) for example in range(50)]
    assert first != second
