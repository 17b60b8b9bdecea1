"""What a model learns from: records as prompts with responses, and those as tokens.

Every response is learnt with the end token after it, no prompt is. Prompt and response are
tokenised apart, so that a prompt has the very tokens that it will have when the model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from wizardcoder.errors import TrainingError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Example(NamedTuple):
    """A prompt and the response to learn. With an empty prompt, the whole response is learnt.

    `later` holds what follows in a conversation, prompt and response in turn. `ends`: the
    responses say themselves how they end, and only the last one needs an end token if it has none
    (a chat template's); else one is put after each.
    """

    prompt: str
    response: str
    later: tuple[str, ...] = ()
    ends: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Prompts and responses in turn."""
        return self.prompt, self.response, *self.later


class Encoded(NamedTuple):
    """One example as token ids `(tokens,)`, end tokens included, and which of them are learnt."""

    ids: Ids
    learnt: Flags

    @property
    def labels(self) -> int:
        """How many tokens are learnt."""
        return int(self.learnt.sum())


class Encoding(NamedTuple):
    """An example as tokens, None where its prompt leaves no label; `truncated`: it lost its end."""

    encoded: Encoded | None
    truncated: bool


def end_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that ends a response. Raises TrainingError when the tokenizer has none."""
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingError(
            "the base model's tokenizer has no end token (eos_token), so the model "
            "could never learn to stop; set eos_token in its tokenizer_config.json"
        )
    return int(end)


def encode(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, length_tokens: int
) -> Iterator[Encoding]:
    """Each example as at most `length_tokens` tokens, in order; one call of the tokenizer for all.

    Raises TrainingError when the tokenizer has no end token.
    """
    end = end_token(tokenizer)
    if not examples:
        return
    prompts, others = _prompts_and_others(examples, tokenizer)
    for example in examples:
        pieces = [next(prompts), *(next(others) for _ in example.texts[1:])]
        yield _join(pieces, end, length_tokens, ends=example.ends)


def _prompts_and_others(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase
) -> tuple[Iterator[list[int]], Iterator[list[int]]]:
    """The tokens of the first prompts, which begin as the model's inputs do, and of the rest.

    A chat template writes the beginning itself.
    """
    first: list[list[int]] = tokenizer(
        [e.prompt for e in examples], add_special_tokens=not examples[0].ends
    )["input_ids"]
    rest: list[list[int]] = tokenizer(
        list(chain.from_iterable(e.texts[1:] for e in examples)), add_special_tokens=False
    )["input_ids"]
    return iter(first), iter(rest)


def _join(pieces: Sequence[list[int]], end: int, length_tokens: int, *, ends: bool) -> Encoding:
    """Prompts and responses in turn as one row, cut at `length_tokens`."""
    for index in range(1, len(pieces), 2):
        last = index == len(pieces) - 1
        if not ends or (last and pieces[index][-1:] != [end]):
            pieces[index].append(end)
    borders = np.cumsum([0, *map(len, pieces)])
    ids = np.fromiter(chain.from_iterable(pieces), dtype=np.int64, count=borders[-1])
    learnt = np.zeros(len(ids), dtype=np.bool_)
    for index, (start, stop) in enumerate(pairwise(borders)):
        learnt[start:stop] = index % 2
    learnt[:1] = False  # nothing predicts the very first token
    encoded = Encoded(ids[:length_tokens], learnt[:length_tokens])
    truncated = len(ids) > length_tokens
    return Encoding(encoded if encoded.learnt.any() else None, truncated)
