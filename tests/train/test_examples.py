from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from wizardcoder.errors import TrainingError
from wizardcoder.train.examples import Encoded, Example, encode


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(base)


def only(example: Example, tokenizer: PreTrainedTokenizerBase, length: int = 64) -> Encoded:
    (encoding,) = encode([example], tokenizer, length)
    assert encoding.encoded is not None
    return encoding.encoded


def learnt(encoded: Encoded, tokenizer: PreTrainedTokenizerBase) -> str:
    return tokenizer.decode(encoded.ids[encoded.learnt])


def test_only_the_response_and_the_end_token_are_learnt(tokenizer: PreTrainedTokenizerBase) -> None:
    encoded = only(Example("Say hello.", "hello"), tokenizer)
    assert tokenizer.decode(encoded.ids[~encoded.learnt]) == "Say hello."
    assert learnt(encoded, tokenizer) == f"hello{tokenizer.eos_token}"


def test_the_end_token_is_learnt_where_it_pads_as_well(base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token = tokenizer.eos_token
    encoded = only(Example("Say hello.", "hello"), tokenizer)
    assert encoded.ids[-1] == tokenizer.eos_token_id
    assert encoded.learnt[-1]


def test_every_response_of_a_conversation_is_learnt_with_an_end_token(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    encoded = only(Example("one", "two", ("three", "four")), tokenizer)
    end = tokenizer.eos_token
    assert learnt(encoded, tokenizer) == f"two{end}four{end}"
    assert tokenizer.decode(encoded.ids) == f"onetwo{end}threefour{end}"


def test_responses_that_say_how_they_end_get_one_end_token_at_the_end(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    encoded = only(Example("one", "two.", ("three", "four."), ends=True), tokenizer)
    assert tokenizer.decode(encoded.ids) == f"onetwo.threefour.{tokenizer.eos_token}"


def test_an_end_token_that_is_there_is_not_put_twice(tokenizer: PreTrainedTokenizerBase) -> None:
    end = tokenizer.eos_token
    encoded = only(Example("one", f"two{end}", ends=True), tokenizer)
    assert tokenizer.decode(encoded.ids) == f"onetwo{end}"


def test_the_prompt_has_the_tokens_that_it_has_when_the_model_is_asked(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    encoded = only(Example("def f(x):\n", "    return x"), tokenizer)
    assert encoded.ids[~encoded.learnt].tolist() == tokenizer("def f(x):\n")["input_ids"]


def test_without_a_prompt_all_but_the_first_token_is_learnt(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    encoded = only(Example("", "def f(x):"), tokenizer)
    assert encoded.learnt.tolist() == [False] + [True] * (len(encoded.ids) - 1)


def test_a_prompt_that_leaves_no_label_gives_nothing(tokenizer: PreTrainedTokenizerBase) -> None:
    (encoding,) = encode([Example("x " * 64, "y")], tokenizer, 16)
    assert encoding.encoded is None


def test_a_response_that_is_cut_is_marked_and_has_no_end_token(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    (encoding,) = encode([Example("x", "y " * 64)], tokenizer, 16)
    assert encoding.truncated
    assert encoding.encoded is not None
    assert len(encoding.encoded.ids) == 16
    assert tokenizer.eos_token_id not in encoding.encoded.ids


def test_a_tokenizer_without_an_end_token_is_an_error(base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.eos_token = None
    with pytest.raises(TrainingError, match="no end token"):
        list(encode([Example("x", "y")], tokenizer, 16))
