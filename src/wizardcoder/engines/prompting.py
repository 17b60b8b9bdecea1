"""From prompts to a model's tokens: as they are, or in its chat template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wizardcoder import prompts as wording
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: The prompt that models are tuned on here, Alpaca's, as a chat template: what the system says
#: before it, and its two headings again for every further question.
_ALPACA = (
    "{{- 'BOS' -}}"
    "{%- set said = namespace(questions=0) -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}"
    "{{- message['content'] ~ eos_token -}}"
    "{%- elif message['role'] != 'user' -%}"
    "{{- message['content'] ~ '\n\n' -}}"
    "{%- elif said.questions -%}"
    "{{- LATER_BEFORE ~ message['content'] ~ LATER_AFTER -}}"
    "{%- else -%}"
    "{%- set said.questions = 1 -%}"
    "{{- FIRST_BEFORE ~ message['content'] ~ FIRST_AFTER -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
)
_HOLES = ("FIRST_BEFORE", "FIRST_AFTER", "LATER_BEFORE", "LATER_AFTER")


def alpaca_template(tokenizer: PreTrainedTokenizerBase) -> str:
    """The chat template, in Jinja, of a model that is tuned on Alpaca's prompt.

    It writes a question byte for byte as `prompts.alpaca` does, after the token that this
    tokenizer puts before every text, if any.
    """
    hole = "\0"
    first = wording.alpaca(hole).split(hole)
    later = wording.alpaca_turn(hole).split(hole)
    texts = dict(zip(_HOLES, (*first, *later), strict=True))
    begins = tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]
    template = _ALPACA.replace("{{- 'BOS' -}}", "{{- bos_token -}}" if begins else "")
    for name, text in texts.items():
        template = template.replace(name, json.dumps(text))
    return template


def encode(
    tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], *, chat: bool = False
) -> list[list[int]]:
    """The tokens of prompts, special ones included; `chat`: in the model's chat template.

    Raises UsageError where the model has no chat template.
    """
    if not prompts:
        return []
    if not chat:
        ids: list[list[int]] = tokenizer(list(prompts))["input_ids"]
        return ids
    if tokenizer.chat_template is None:
        raise UsageError(
            f"{tokenizer.name_or_path}: has no chat template; ask it with generate.template = "
            "'alpaca', or --completion if it is a base model"
        )
    return [encode_chat(tokenizer, [{"role": "user", "content": prompt}]) for prompt in prompts]


def encode_chat(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[dict[str, str]]
) -> list[int]:
    """The tokens of a conversation that the model is to answer.

    A model without a chat template of its own is asked as in training here: Alpaca's. Raises
    UsageError for what the template refuses, such as a role that it does not know.
    """
    from jinja2 import TemplateError

    try:
        text = tokenizer.apply_chat_template(
            list(messages),
            chat_template=tokenizer.chat_template or alpaca_template(tokenizer),
            add_generation_prompt=True,
            tokenize=False,
        )
    except TemplateError as error:
        raise UsageError(f"the model's chat template refuses the conversation: {error}") from None
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
