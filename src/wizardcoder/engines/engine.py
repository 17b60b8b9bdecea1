"""What every text engine does: prompts in, sampled texts out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample: greedy at temperature 0, else from the smallest set of tokens that holds
    `top_p` of the probability. At most `max_tokens` new tokens, end token included.

    A text ends before the first of the `stop` sequences. `chat`: a prompt is what a user says, and
    goes into the model's own chat template.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    chat: bool = False


@dataclass(frozen=True, slots=True)
class Sampled:
    """A text sampled for `prompts[index]`, without prompt, end token and stop sequence.

    `finish_reason` is `stop` (the model ended, or a stop sequence), `length` (it was cut), or what
    an endpoint says; `tokens` counts what was sampled, the end token included.
    """

    index: int
    text: str
    finish_reason: str
    tokens: int


class Engine(Protocol):
    """Generates text. Batches in, results out as they are finished, in any order."""

    #: Whether a text depends on its prompt and seed alone, whatever else is generated.
    own_seeds: bool

    def generate(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        """One text for each prompt.

        `seeds`, one per prompt, are all the randomness there is: equal prompt and seed give equal
        text, whatever else is generated. They are required unless sampling is greedy. `samples`
        say which of its problem's texts each one is, from 0: what is paid for is kept under that.
        """


def check_seeds(prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> None:
    """Raises ValueError where there is not a seed for each prompt and one is needed."""
    if sampling.temperature > 0 and len(seeds) != len(prompts):
        raise ValueError(f"{len(prompts)} prompts need as many seeds, got {len(seeds)}")
