from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from wizardcoder import prompts
from wizardcoder.errors import RecipeError
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer, parse_options

TEXTS = ["def total(xs):\n    return sum(xs)\n"] * 20


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer(TEXTS, 300)


@pytest.mark.parametrize("text", [" x . y , don't  z", "naïve → ∑\n\t\n    é", "", "🙂"])
def test_any_text_comes_back_from_its_tokens(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_each_digit_is_a_token_of_its_own(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("2306") == ["2", "3", "0", "6"]


def test_the_whole_template_costs_two_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    alone = len(tokenizer("total")["input_ids"])
    assert len(tokenizer(prompts.alpaca("total"))["input_ids"]) == alone + 2


def test_the_template_with_input_costs_three_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    alone = len(tokenizer("total")["input_ids"])
    assert len(tokenizer(prompts.alpaca("total", "total"))["input_ids"]) == 2 * alone + 3


def test_a_prompt_in_the_template_comes_back_byte_for_byte(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    prompt = prompts.alpaca("Write total(xs).\n", "[1, 2]\n\n")
    assert tokenizer.decode(tokenizer(prompt)["input_ids"]) == prompt


def test_the_vocabulary_has_the_asked_size_at_most(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(tokenizer) <= 300


def test_end_and_padding_are_different_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.eos_token_id is not None
    assert tokenizer.pad_token_id is not None
    assert tokenizer.eos_token_id != tokenizer.pad_token_id


def test_a_saved_tokenizer_is_the_same(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    prompt = prompts.alpaca("Write total(xs) .")
    assert loaded(prompt)["input_ids"] == tokenizer(prompt)["input_ids"]
    assert loaded.decode(loaded(prompt)["input_ids"]) == prompt
    assert (loaded.eos_token, loaded.pad_token) == (tokenizer.eos_token, tokenizer.pad_token)


def test_the_model_is_a_multi_query_gpt_bigcode_of_the_asked_shape(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    config = make_model(TinyBase(width=32, layers=2, heads=4), tokenizer).config
    assert (config.model_type, config.multi_query) == ("gpt_bigcode", True)
    assert (config.n_embd, config.n_layer, config.n_head) == (32, 2, 4)
    assert config.vocab_size == len(tokenizer)


def test_equal_seeds_give_equal_weights_and_leave_the_global_generator_alone(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    before = torch.get_rng_state()
    first, second, other = (
        make_model(TinyBase(width=32, seed=seed), tokenizer).transformer.wte.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


def test_an_unknown_option_is_named_with_what_is_known() -> None:
    with pytest.raises(RecipeError, match=r"base.options.breadth = 3: .*known here: .*width"):
        parse_options({"breadth": 3})


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(RecipeError, match="width = 30 is not a multiple of heads = 4"):
        parse_options({"width": 30})
