"""What a model learns from: prompts with responses, as text and as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from wizardcoder import prompts
from wizardcoder.errors import TrainingError
from wizardcoder.records import Record

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = npt.NDArray[np.int64]


class Example(NamedTuple):
    """A prompt and the response to learn. With an empty prompt, the whole response is learnt."""

    prompt: str
    response: str


class Encoded(NamedTuple):
    """One example as token ids `(tokens,)`, end token included; `labels_from` is the position of
    the first token that is learnt."""

    ids: Ids
    labels_from: int

    @property
    def labels(self) -> int:
        """How many tokens are learnt."""
        return len(self.ids) - self.labels_from


class EncodedSet(NamedTuple):
    """The examples that can be learnt from, and how many could not, or only in part."""

    examples: list[Encoded]
    rejected: int  # the prompt alone fills the length: no label is left
    truncated: int  # the end of the response, and with it the end token, is cut off


def from_records(records: Iterable[Record]) -> list[Example]:
    """The examples of instruction tuning: Alpaca's template, then the response directly."""
    return [Example(prompts.alpaca(r.instruction, r.input), r.response) for r in records]


def encode(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, length_tokens: int
) -> EncodedSet:
    """Token ids of every example, at most `length_tokens` each.

    Prompt and response are tokenised apart, so that the prompt has the very tokens that it will
    have when the model is asked. Raises TrainingError when the tokenizer has no end token, or no
    example leaves a label.
    """
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingError(
            "the base model's tokenizer has no end token (eos_token), so the model "
            "could never learn to stop; set eos_token in its tokenizer_config.json"
        )
    kept: list[Encoded] = []
    rejected = truncated = 0
    for prompt, response in _tokenised(examples, tokenizer):
        labels_from = max(len(prompt), 1)  # nothing predicts the very first token
        ids = np.array([*prompt, *response, end], dtype=np.int64)[:length_tokens]
        if len(ids) <= labels_from:
            rejected += 1
            continue
        truncated += len(prompt) + len(response) + 1 > length_tokens
        kept.append(Encoded(ids, labels_from))
    if not kept:
        raise TrainingError(
            f"nothing to learn: of {len(examples)} examples, {rejected} have a prompt that fills "
            f"the length of {length_tokens} tokens; raise train.length_tokens, or check the data"
        )
    return EncodedSet(kept, rejected, truncated)


def _tokenised(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase
) -> Iterable[tuple[list[int], list[int]]]:
    if not examples:
        return ()
    asked = tokenizer([e.prompt for e in examples])["input_ids"]
    answered = tokenizer([e.response for e in examples], add_special_tokens=False)["input_ids"]
    return zip(asked, answered, strict=True)
