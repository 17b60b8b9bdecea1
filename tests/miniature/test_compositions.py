"""Which operations fit together."""

from collections import Counter

from wizardcoder.miniature.compositions import all_compositions, draw_composition, draw_program
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.probes import is_sensible
from wizardcoder.miniature.programs import well_typed


def test_every_composition_fits_together_and_repeats_nothing() -> None:
    for first, second in all_compositions(2):
        assert first.gives is second.takes
        assert first != second


def test_drawn_compositions_are_equally_likely() -> None:
    draw = Draw("compositions")
    pairs = all_compositions(2)
    counts = Counter(draw_composition(2, draw) for _ in range(10 * len(pairs)))
    assert set(counts) <= set(pairs)
    assert len(counts) > 0.99 * len(pairs)
    assert max(counts.values()) < 30


def test_a_drawn_program_is_sensible() -> None:
    draw = Draw("programs")
    for number in range(100):
        steps = draw_program(1 + number % 4, draw)
        assert len(steps) == 1 + number % 4
        assert well_typed(steps)
        assert is_sensible(steps)
