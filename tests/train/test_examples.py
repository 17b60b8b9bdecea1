from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from wizardcoder import prompts
from wizardcoder.errors import TrainingError
from wizardcoder.train.examples import Example, encode, from_records

from .conftest import TEXTS, make_record


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(base)


def test_a_record_becomes_the_alpaca_prompt_and_its_response() -> None:
    record = make_record(3)
    assert from_records([record]) == [Example(prompts.alpaca(record.instruction), TEXTS[3])]


def test_only_the_response_and_the_end_token_are_learnt(tokenizer: PreTrainedTokenizerBase) -> None:
    (encoded,) = encode([Example("Say hello.", "hello")], tokenizer, 64).examples
    assert tokenizer.decode(encoded.ids[: encoded.labels_from]) == "Say hello."
    assert tokenizer.decode(encoded.ids[encoded.labels_from : -1]) == "hello"
    assert encoded.ids[-1] == tokenizer.eos_token_id


def test_the_prompt_has_the_tokens_that_it_has_when_the_model_is_asked(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    (encoded,) = encode([Example("def f(x):\n", "    return x")], tokenizer, 64).examples
    assert encoded.ids[: encoded.labels_from].tolist() == tokenizer("def f(x):\n")["input_ids"]


def test_without_a_prompt_all_but_the_first_token_is_learnt(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    (encoded,) = encode([Example("", "def f(x):")], tokenizer, 64).examples
    assert encoded.labels_from == 1


def test_a_prompt_that_leaves_no_label_is_rejected_and_counted(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    given = [Example("x " * 64, "y"), Example("x", "y")]
    encoded = encode(given, tokenizer, 16)
    assert (len(encoded.examples), encoded.rejected, encoded.truncated) == (1, 1, 0)


def test_a_response_that_is_cut_is_counted_and_has_no_end_token(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    encoded = encode([Example("x", "y " * 64)], tokenizer, 16)
    assert encoded.truncated == 1
    assert len(encoded.examples[0].ids) == 16
    assert tokenizer.eos_token_id not in encoded.examples[0].ids


def test_nothing_to_learn_is_an_error_that_counts_and_mends(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    with pytest.raises(TrainingError, match=r"of 1 examples, 1 have .* raise train.length_tokens"):
        encode([Example("x " * 64, "y")], tokenizer, 16)


def test_no_examples_at_all_are_an_error(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(TrainingError, match="of 0 examples"):
        encode([], tokenizer, 16)


def test_a_tokenizer_without_an_end_token_is_an_error(base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.eos_token = None
    with pytest.raises(TrainingError, match="no end token"):
        encode([Example("x", "y")], tokenizer, 16)
