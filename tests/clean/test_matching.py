from __future__ import annotations

import pytest

from wizardcoder import prompts
from wizardcoder.clean import matching


@pytest.mark.parametrize(
    "text", ["Match", "match.", "**Match**", " Verdict: Match", "The answer is: match", "`Match`\n"]
)
def test_a_match_is_read(text: str) -> None:
    assert matching.verdict(text) == matching.MATCH


@pytest.mark.parametrize(
    "text", ["No Match", "no match!", "No-match", "Not a match.", "Verdict: **No Match**"]
)
def test_no_match_is_read(text: str) -> None:
    assert matching.verdict(text) == matching.NO_MATCH


@pytest.mark.parametrize(
    "text",
    ["", "Yes", "Match or No Match", "They match.", "Mismatch", "Match, but", "No", "I cannot say"],
)
def test_anything_else_is_neither(text: str) -> None:
    assert matching.verdict(text) is None


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_a_cut_or_withheld_reply_is_neither(reason: str) -> None:
    assert matching.verdict("Match", reason) is None


def test_the_prompt_shows_both_texts_and_names_both_verdicts() -> None:
    prompt = prompts.match("Add {a}.", "Sub {b}.")
    assert "Problem:\nAdd {a}.\n\nRecord:\nSub {b}.\n\n" in prompt
    assert prompt.endswith("either Match or No Match.")
