"""The tokens that end a text, and what a checkpoint says of them to whoever generates with it.

A tokenizer names one end token. A chat template may end an answer with another one (Qwen's
`<|im_end|>` where the tokenizer says `<|endoftext|>`, Llama 3's `<|eot_id|>`), and who stops at the
first alone goes on past the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase

_ANSWER = "\x1aanswer\x1a"  # no template writes it by itself


def end_tokens(
    tokenizer: PreTrainedTokenizerBase, said: int | Iterable[int] | None = None
) -> list[int]:
    """The tokens that end a text: the tokenizer's, its chat template's, then those `said` by the
    checkpoint's generation configuration."""
    more = [said] if isinstance(said, int) else list(said or ())
    found = [tokenizer.eos_token_id, answer_end(tokenizer), *more]
    return list(dict.fromkeys(int(token) for token in found if token is not None))


def checkpoints_ends(checkpoint: Path | str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that end a text of a checkpoint folder or model of the hub, unloaded."""
    from transformers import AutoConfig, GenerationConfig

    try:
        said = GenerationConfig.from_pretrained(checkpoint).eos_token_id
    except OSError:  # a checkpoint need not have one
        said = AutoConfig.from_pretrained(checkpoint).eos_token_id
    return end_tokens(tokenizer, said)


def answer_end(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token that a chat template writes after an answer; None where it writes none."""
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        return None
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _ANSWER}]
    try:
        written = str(tokenizer.apply_chat_template(turns, tokenize=False))
    except TemplateError:
        return None
    _, answered, tail = written.partition(_ANSWER)
    if not answered or not tail.strip():
        return None
    first: int = tokenizer(tail.lstrip(), add_special_tokens=False)["input_ids"][0]
    marks = {tokenizer.eos_token_id, *tokenizer.get_added_vocab().values()}
    return first if first in marks else None


def generation_config(
    tokenizer: PreTrainedTokenizerBase, before: GenerationConfig
) -> GenerationConfig:
    """What a tuned model says of generating: where texts end, and with what rows are filled up.

    Nothing else of what its base said `before` stays: a sampling temperature or a repetition
    penalty of the base would change greedy texts, and with them the score.
    """
    from transformers import GenerationConfig

    ends = end_tokens(tokenizer, before.eos_token_id)
    pad = tokenizer.pad_token_id
    return GenerationConfig(  # type: ignore[no-untyped-call]
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=ends if len(ends) > 1 else tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id if pad is None else pad,
    )
