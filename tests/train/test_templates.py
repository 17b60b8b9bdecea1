from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from wizardcoder import prompts
from wizardcoder.errors import TrainingError
from wizardcoder.records import Record
from wizardcoder.train.examples import Example, encode
from wizardcoder.train.templates import alpaca, from_records, render

from .conftest import TEXTS, make_record

CHATML = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@pytest.fixture
def tokenizer(base: Path) -> PreTrainedTokenizerBase:
    loaded = AutoTokenizer.from_pretrained(base)
    loaded.chat_template = CHATML
    return loaded


@pytest.fixture
def conversation() -> Record:
    record = make_record(3)
    return replace(record, response="r1", system="Be brief.", turns=("And?", "r2", "Unanswered."))


def test_a_record_becomes_the_alpaca_prompt_and_its_response() -> None:
    record = make_record(3)
    assert from_records([record]) == [Example(prompts.alpaca(record.instruction), TEXTS[3])]


def test_a_conversation_in_alpaca_repeats_the_headings_after_the_system_prompt(
    conversation: Record,
) -> None:
    example = alpaca(conversation)
    assert example.prompt == f"Be brief.\n\n{prompts.alpaca(conversation.instruction)}"
    assert example.later == ("\n\n### Instruction:\nAnd?\n\n### Response:", "r2")


def test_a_chat_template_writes_the_prompts_and_how_a_response_ends(
    tokenizer: PreTrainedTokenizerBase, conversation: Record
) -> None:
    (example,) = render([conversation], "chat", tokenizer)
    asked = f"<|system|>\nBe brief.<|end|>\n<|user|>\n{conversation.instruction}<|end|>\n"
    assert example.texts == (
        f"{asked}<|assistant|>\n",
        "r1<|end|>",
        "\n<|user|>\nAnd?<|end|>\n<|assistant|>\n",
        "r2<|end|>",
    )


def test_the_prompt_of_a_chat_is_what_the_model_is_asked_with(
    tokenizer: PreTrainedTokenizerBase, conversation: Record
) -> None:
    single = replace(conversation, turns=())
    (encoding,) = encode(list(render([single], "chat", tokenizer)), tokenizer, 256)
    messages = [
        {"role": "system", "content": single.system},
        {"role": "user", "content": single.question},
    ]
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert encoding.encoded is not None
    assert encoding.encoded.ids[~encoding.encoded.learnt].tolist() == asked


def test_a_chat_ends_with_the_end_token_even_where_the_template_forgets_it(
    tokenizer: PreTrainedTokenizerBase, conversation: Record
) -> None:
    (encoding,) = encode(list(render([conversation], "chat", tokenizer)), tokenizer, 256)
    assert encoding.encoded is not None
    assert encoding.encoded.ids[-1] == tokenizer.eos_token_id
    assert encoding.encoded.learnt[-1]


def test_a_response_that_the_template_rewrites_is_learnt_once_as_it_writes_it(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    thoughtless = CHATML.replace("m['content']", "m['content'].split('</think>')[-1]")
    tokenizer.chat_template = thoughtless
    record = replace(make_record(3), response="<think>hm</think>r1")
    (example,) = render([record], "chat", tokenizer)
    assert example.response == "r1<|end|>"


def test_a_conversation_that_the_template_refuses_is_an_error_that_says_what_to_use(
    tokenizer: PreTrainedTokenizerBase, conversation: Record
) -> None:
    tokenizer.chat_template = "{{ raise_exception('no system role') }}"
    with pytest.raises(TrainingError, match=r"of system, user: no system role; use train.template"):
        list(render([conversation], "chat", tokenizer))


def test_a_model_without_a_chat_template_is_an_error_that_says_what_to_use(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = None
    with pytest.raises(TrainingError, match=r"no chat template; use train.template = 'alpaca'"):
        list(render([make_record(1)], "chat", tokenizer))


def test_a_template_that_asks_otherwise_than_it_answers_is_an_error(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = CHATML.replace("<|assistant|>\n{% endif %}", "Think!{% endif %}")
    with pytest.raises(TrainingError, match=r"record r1: .* does not write a response after"):
        list(render([make_record(1)], "chat", tokenizer))
