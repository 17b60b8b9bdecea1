"""A question says its language once, outside any code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.evolve.languages import asking_for

RUST = "Write the solution in Rust."


@given(st.text())
def test_without_a_language_a_question_stays_as_it_is(question: str) -> None:
    assert asking_for("", question) == question


@given(st.text())
def test_saying_it_twice_is_saying_it_once(question: str) -> None:
    once = asking_for("Rust", question)
    assert asking_for("Rust", once) == once
    assert question in once


@pytest.mark.parametrize(
    "language", ["Rust", "C++", "C#", "{language}", "日本語プログラミング言語"]
)
def test_the_name_of_the_language_is_said_as_it_is_written(language: str) -> None:
    assert asking_for(language, "Add.") == f"Add.\n\nWrite the solution in {language}."


@pytest.mark.parametrize(
    ("question", "asking"),
    [
        ("See:\n```python\nx\n```", f"See:\n```python\nx\n```\n\n{RUST}"),
        ("See:\n```python\nx", f"{RUST}\n\nSee:\n```python\nx"),
    ],
    ids=["closed", "open"],
)
def test_the_sentence_never_ends_up_in_a_code_fence(question: str, asking: str) -> None:
    assert asking_for("Rust", question) == asking


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_nothing_is_asked_for_in_no_language(nothing: str) -> None:
    assert asking_for("Rust", nothing) == nothing
