"""A streamed text is the text: in whole characters, without a stop sequence, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast

from wizardcoder.engines.stopping import before_stop
from wizardcoder.engines.unfolding import Unfolding

#: A letter, two that UTF-8 splits over two and three tokens, one over four, and a combining mark.
LETTERS = "aé€🙂́\n "


def byte_level(tokens: list[int]) -> str:
    """A tokenizer with a token for each byte."""
    return bytes(tokens).decode(errors="replace")


def pieces(text: str, *stops: str) -> list[str]:
    """What is handed out of a text after each of its tokens, and at its end."""
    unfolding, tokens = Unfolding(byte_level, stops), list(text.encode())
    said = [unfolding.piece(tokens[: n + 1]) for n in range(len(tokens))]
    before = before_stop(text, stops)
    return [*said, unfolding.rest(text if before is None else before)]


@given(st.text(LETTERS, max_size=20))
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_a_character_of_several_tokens_comes_with_its_last_one() -> None:
    assert pieces("é€🙂") == ["", "é", "", "", "€", "", "", "", "🙂", ""]


@given(st.text(LETTERS, max_size=20))
def test_no_piece_holds_half_a_character(text: str) -> None:
    assert "\ufffd" not in "".join(pieces(text))


@given(st.text("ab\n", max_size=20), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3))
def test_nothing_of_a_stop_sequence_is_handed_out(text: str, stops: list[str]) -> None:
    ends = [n for n in range(len(text)) if before_stop(text[: n + 1], stops) is not None]
    text = text[: ends[0] + 1] if ends else text  # generating ends there
    unfolding = Unfolding(byte_level, stops)
    before = before_stop(text, stops)
    growing = text if before is None else text[:-1]  # at the last token, the row has ended
    said = "".join(unfolding.piece(list(growing[: n + 1].encode())) for n in range(len(growing)))
    whole = text if before is None else before
    assert whole.startswith(said)
    assert said + unfolding.rest(whole) == whole


def test_what_may_become_a_stop_sequence_waits_until_it_does_not() -> None:
    assert pieces("1\ndex", "\ndef") == ["1", "", "", "", "\ndex", ""]


def test_a_text_that_ends_in_half_a_character_is_handed_out_at_its_end() -> None:
    unfolding, tokens = Unfolding(byte_level), [97, 0xE2, 0x82]
    assert [unfolding.piece(tokens[:n]) for n in (1, 2, 3)] == ["a", "", ""]
    assert unfolding.rest(byte_level(tokens)) == "\ufffd"


@pytest.mark.parametrize("text", ["x é €", " x", "def f(x):\n    return '€🙂'"])
def test_a_tokenizer_that_drops_the_first_blank_loses_no_other(text: str) -> None:
    tokenizer = llamas()
    tokens = tokenizer(text)["input_ids"]
    unfolding, whole = Unfolding(tokenizer.decode), tokenizer.decode(tokens)
    said = [unfolding.piece(tokens[: n + 1]) for n in range(len(tokens))]
    assert "".join(said) == whole == text
    assert "\ufffd" not in "".join(said)


def test_a_long_text_is_decoded_a_few_tokens_at_a_time() -> None:
    decoded: list[int] = []

    def counting(tokens: list[int]) -> str:
        decoded.append(len(tokens))
        return byte_level(tokens)

    unfolding, tokens = Unfolding(counting, ["\nclass"]), list(("x € " * 500).encode())
    for n in range(len(tokens)):
        unfolding.piece(tokens[: n + 1])
    assert max(decoded) <= 8
    assert sum(decoded) <= 12 * len(tokens)


def llamas() -> PreTrainedTokenizerFast:
    """Tokens as Llama 2 has them: blanks as ▁, one before every text, rare characters as bytes."""
    letters = ["▁", *"xdefrtun():'\n", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = {token: number for number, token in enumerate(["<unk>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
