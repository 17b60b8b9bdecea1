"""What every text engine does: prompts in, sampled texts out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample: greedy at temperature 0, else from the smallest set of tokens that holds
    `top_p` of the probability. At most `max_tokens` new tokens, end token included."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0


@dataclass(frozen=True, slots=True)
class Sampled:
    """A text sampled for `prompts[index]`, without prompt and end token.

    `finish_reason` is `stop` (the model ended) or `length` (it was cut); `tokens` counts what was
    sampled, the end token included.
    """

    index: int
    text: str
    finish_reason: str
    tokens: int


class Engine(Protocol):
    """Generates text. Batches in, results out as they are finished, in any order."""

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int] = ()
    ) -> Iterator[Sampled]:
        """One text for each prompt.

        `seeds`, one per prompt, are all the randomness there is: equal prompt and seed give equal
        text, whatever else is generated. They are required unless sampling is greedy.
        """
