"""An engine that answers at once, and problems to put to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wizardcoder.engines import Sampled, Sampling
from wizardcoder.records import Problem


class Interrupted(Exception):
    """Stands for whatever ends a generation."""


@dataclass
class EchoEngine:
    """Answers each prompt with its length and its seed, the last one first.

    Remembers what it was asked; gives up after `patience` answers.
    """

    own_seeds = True

    patience: int | None = None
    prompts: list[str] = field(default_factory=list)
    samplings: list[Sampling] = field(default_factory=list)

    def generate(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        self.prompts += prompts
        self.samplings.append(sampling)
        for answers, index in enumerate(reversed(range(len(prompts)))):
            if answers == self.patience:
                raise Interrupted
            yield Sampled(index, f"{len(prompts[index])} {seeds[index]}", "stop", 2)


@dataclass
class FixedEngine:
    """Answers every prompt with the same text."""

    own_seeds = True

    text: str

    def generate(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        yield from (Sampled(index, self.text, "length", 1) for index in range(len(prompts)))


def problem(n: int, prompt: str = "def f(x):\n") -> Problem:
    return Problem(
        task_id=f"test/{n}",
        prompt=prompt,
        instruction=f"Write f number {n}.",
        entry_point="f",
        test="def check(candidate):\n    pass\n",
        canonical_solution="    return x\n",
    )
