from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from wizardcoder.errors import TrainingError
from wizardcoder.train.examples import Example
from wizardcoder.train.tokens import tokenise


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(base)


def test_what_cannot_be_learnt_is_rejected_and_what_is_cut_is_kept_and_both_are_counted(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    given = [Example("x " * 64, "y"), Example("x", "y"), Example("x", "y " * 64)]
    data = tokenise(given, tokenizer, 16)
    assert (len(data), data.rejected, data.truncated) == (2, 1, 1)


def test_an_example_comes_back_as_its_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    data = tokenise([Example("x", "y"), Example("what", "that")], tokenizer, 16)
    assert tokenizer.decode(data[1].ids) == f"whatthat{tokenizer.eos_token}"
    assert data[1].labels == data.labels[1]
    assert len(data[1].ids) == data.lengths[1]


def test_nothing_to_learn_is_an_error_that_counts_and_mends(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    with pytest.raises(TrainingError, match=r"of 1 examples, 1 have .* raise train.length_tokens"):
        tokenise([Example("x " * 64, "y")], tokenizer, 16)


def test_no_examples_at_all_are_an_error(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(TrainingError, match="of 0 examples"):
        tokenise([], tokenizer, 16)
