"""The examples of a training as tokens: one after the other, in memory or mapped from files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wizardcoder.errors import TrainingError
from wizardcoder.train.examples import Encoded, Encoding, Example, encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Tokens:
    """Examples that can be learnt from, and how many could not, or only in part.

    `ids` `(tokens,)` of any integer type, `learnt` `(tokens,)` of bool; `lengths` and `labels`
    `(examples,)` count each example's tokens and those of them that are learnt.
    """

    ids: npt.NDArray[np.integer]
    learnt: npt.NDArray[np.bool_]
    lengths: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]  # of each example in `ids`
    rejected: int = 0  # the prompt alone fills the length: no label is left
    truncated: int = 0  # the end of a response, and with it the end token, is cut off

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Encoded:
        place = slice(self.starts[index], self.starts[index] + self.lengths[index])
        return Encoded(self.ids[place].astype(np.int64), self.learnt[place])


def in_memory(examples: Sequence[Encoded], *, rejected: int = 0, truncated: int = 0) -> Tokens:
    """Tokens of a few examples. Raises TrainingError when there are none."""
    check_some(len(examples), rejected)
    lengths = np.array([len(example.ids) for example in examples], dtype=np.int64)
    return Tokens(
        ids=np.concatenate([example.ids for example in examples]),
        learnt=np.concatenate([example.learnt for example in examples]),
        lengths=lengths,
        labels=np.array([example.labels for example in examples], dtype=np.int64),
        starts=np.cumsum(lengths) - lengths,
        rejected=rejected,
        truncated=truncated,
    )


def tokenise(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, length_tokens: int
) -> Tokens:
    """Tokens of every example in memory, at most `length_tokens` each; see `shards` for many.

    Raises TrainingError when the tokenizer has no end token, or no example leaves a label.
    """
    encodings = list(encode(examples, tokenizer, length_tokens))
    kept, rejected, truncated = tally(encodings)
    return in_memory(kept, rejected=rejected, truncated=truncated)


def tally(encodings: Iterable[Encoding]) -> tuple[list[Encoded], int, int]:
    """Those that leave a label, how many do not, and how many of the kept ones lost their end."""
    given = list(encodings)
    kept = [e.encoded for e in given if e.encoded is not None]
    truncated = sum(e.truncated for e in given if e.encoded is not None)
    return kept, len(given) - len(kept), truncated


def check_some(kept: int, rejected: int) -> None:
    """Raises TrainingError when no example is left to learn from."""
    if kept:
        return
    raise TrainingError(
        f"nothing to learn: of {rejected} examples, {rejected} have a prompt that fills the length "
        "(train.length_tokens) and leaves no label; raise train.length_tokens, or check the data"
    )
