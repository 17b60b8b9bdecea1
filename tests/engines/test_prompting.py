from __future__ import annotations

import copy

import pytest
from transformers import PreTrainedTokenizerFast

from wizardcoder import prompts
from wizardcoder.engines.prompting import alpaca_template, encode_chat
from wizardcoder.errors import UsageError


def written(tokenizer: PreTrainedTokenizerFast, *said: tuple[str, str]) -> str:
    messages = [{"role": role, "content": content} for role, content in said]
    text = tokenizer.apply_chat_template(
        messages, chat_template=alpaca_template(tokenizer), tokenize=False
    )
    assert isinstance(text, str)
    return text


def test_a_question_is_written_as_in_training(tokenizer: PreTrainedTokenizerFast) -> None:
    question = "Say \"hi\" to {x}.\n\n  Twice: '\\n' — {{ eos_token }}\n"
    assert written(tokenizer, ("user", question)) == prompts.alpaca(question)


def test_a_conversation_is_written_as_in_training(tokenizer: PreTrainedTokenizerFast) -> None:
    text = written(
        tokenizer, ("system", "Be brief."), ("user", "A?"), ("assistant", "a"), ("user", "B?")
    )
    end = tokenizer.eos_token
    assert text == f"Be brief.\n\n{prompts.alpaca('A?')}a{end}{prompts.alpaca_turn('B?')}"


def test_a_model_without_a_template_of_its_own_is_asked_in_alpacas(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    messages = [{"role": "user", "content": "A?"}]
    assert encode_chat(tokenizer, messages) == tokenizer(prompts.alpaca("A?"))["input_ids"]


def test_a_tokenizer_that_begins_every_text_begins_a_conversation_so_once(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    from tokenizers.processors import TemplateProcessing

    other = copy.deepcopy(tokenizer)
    other.bos_token = other.eos_token
    other.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", other.eos_token_id)]
    )
    messages = [{"role": "user", "content": "A?"}]
    assert encode_chat(other, messages) == other(prompts.alpaca("A?"))["input_ids"]
    assert encode_chat(other, messages)[0] == other.bos_token_id


def test_what_the_template_refuses_is_a_mistake_of_who_asks(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    strict = copy.deepcopy(tokenizer)
    strict.chat_template = "{{ raise_exception('no system role') }}"
    with pytest.raises(UsageError, match="refuses the conversation: no system role"):
        encode_chat(strict, [{"role": "system", "content": "Be brief."}])
