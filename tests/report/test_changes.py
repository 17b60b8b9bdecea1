"""What is marked as new in a lineage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.report.changes import SHOWN_CHARACTERS, Piece, changes

WORDS = st.text(alphabet="ab (\n`é", max_size=60)


def test_an_added_sentence_is_marked_and_the_rest_is_not() -> None:
    assert changes("Sort the list.", "Sort the list. Then reverse it.") == [
        Piece("Sort the list.", new=False),
        Piece(" Then reverse it.", new=True),
    ]


def test_nothing_is_marked_in_a_seed() -> None:
    assert changes(None, "Sort it.") == [Piece("Sort it.", new=False)]


def test_fenced_code_is_told_from_words() -> None:
    pieces = changes(None, "Wrong:\n```python\nx = 1\n```\nMend it.")
    assert [piece.text for piece in pieces if piece.code] == ["```python\nx = 1\n```"]


@given(WORDS, WORDS)
def test_the_pieces_together_are_the_text(parent: str, text: str) -> None:
    assert "".join(piece.text for piece in changes(parent, text)) == text


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    pieces = changes(None, "x" * (SHOWN_CHARACTERS + 1234))
    assert pieces[0].text.endswith("x … (1\u202f234 more characters)")


def test_a_word_said_a_thousand_times_is_compared_from_its_beginning_only() -> None:
    same = "a " * 1000
    assert changes(same, same + "b") == [Piece(same, new=False), Piece("b", new=True)]
