"""What two texts have in common, and how strong a hit is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.report import Evidence
from wizardcoder.report.matches import SHOWN_CHARACTERS, match, side_by_side


def common(stretches: list[tuple[str, bool]]) -> list[str]:
    return [text for text, is_common in stretches if is_common]


def test_common_words_are_marked_on_both_sides_whatever_their_case() -> None:
    record, problem = side_by_side("Please sort the list now.", "SORT the lists")
    assert (common(record), common(problem)) == (["sort the "], ["SORT the "])


def test_signs_alone_are_not_worth_a_mark() -> None:
    record, _ = side_by_side("f(a, b)", "g[c, d] (x)")
    assert not common(record)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_character_is_lost(a: str, b: str) -> None:
    sides = side_by_side(a, b)
    assert ["".join(each.text for each in side) for side in sides] == [a, b]


def test_a_long_text_is_cut() -> None:
    record, problem = side_by_side("x" * 100_000, "")
    assert len("".join(each.text for each in record)) == SHOWN_CHARACTERS + 1
    assert not problem


@pytest.mark.parametrize(
    ("rule", "score", "said"),
    [
        ("verbatim", 1.0, "word for word"),
        ("containment", 0.62, "62\u202f% of its runs of words"),
        ("function", 24.0, "24 AST nodes, names aside"),
        ("embedding", 0.8731, "score 0.873"),
    ],
)
def test_a_score_is_said_in_words(rule: str, score: float, said: str) -> None:
    hit = Evidence(
        record_id="r", benchmark="b", task_id="t", rule=rule, part="", score=score, span=""
    )
    assert match(hit).strength == said
