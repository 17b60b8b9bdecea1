"""What counts as a verdict of the equality judge, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.evolve.judging import EQUAL, NOT_EQUAL, verdict


@pytest.mark.parametrize(
    "text",
    [
        *("Equal", "equal.", "EQUAL!", "**Equal**", "`Equal`", "  \nEqual\n", "(Equal)"),
        *("Verdict: Equal", "My judgement: **Equal**.", "\\boxed{Equal}"),
        *("They are equal.", "Yes, they're equal.", "Equal, since both sum a list."),
        "Equal: both ask for the same; they do not differ.",
        "The first does not mention a name, but they are equal.",
        "<think>Not equal? No: they are equal.</think>\n\nEqual",
    ],
)
def test_equal_is_read_in_many_words(text: str) -> None:
    assert verdict(text) == EQUAL


@pytest.mark.parametrize(
    "text",
    [
        *("Not Equal", "not equal.", "NOT EQUAL", "**Not Equal**", "Not\nEqual", "Not_Equal"),
        *(
            "NotEqual",
            "Not-Equal",
            "Unequal",
            "Non-equal",
            "*Not* **Equal**",
            "$\\text{Not Equal}$",
        ),
        *("Verdict: Not Equal", "Answer - Not Equal", "> Not Equal"),
        *("The two are not equal.", "They aren't equal", "They aren’t equal."),
        *("They are not exactly equal.", "I would not call them equal", "They cannot be equal"),
        "Not Equal\n\nThe two would be equal without the limit.",
        "Let me see whether they are equal.\nNot Equal",
        "Equal or Not Equal?\nNot Equal",
    ],
)
def test_not_equal_is_never_mistaken_for_equal(text: str) -> None:
    assert verdict(text) == NOT_EQUAL


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "Yes", "42", "The equality holds.", "They are equally hard."),
        *("Equal or Not Equal", "Equal\nNot Equal", "They are equal in depth, but not in breadth."),
    ],
)
def test_anything_else_is_no_verdict(text: str) -> None:
    assert verdict(text) is None


@pytest.mark.parametrize("finish_reason", ["length", "content_filter"])
@pytest.mark.parametrize("text", ["Equal", "Not Equal"])
def test_a_reply_that_was_cut_or_withheld_is_no_verdict(text: str, finish_reason: str) -> None:
    assert verdict(text, finish_reason) is None


@given(st.text(st.characters()), st.sampled_from(["", "Equal", "not equal"]), st.text())
def test_whatever_a_judge_says_is_a_verdict_or_none(before: str, said: str, after: str) -> None:
    assert verdict(before + said + after) in (EQUAL, NOT_EQUAL, None)
