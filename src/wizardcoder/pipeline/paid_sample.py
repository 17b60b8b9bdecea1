"""A small paid sample: some of the seeds evolved in earnest, before all of them are.

What it asks goes through the ledger, so the run that follows hears the same replies for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from wizardcoder import recipe as recipes
from wizardcoder.evolve import Evolved, Plan, Verify, evolve
from wizardcoder.pipeline.estimate import CHARACTERS_PER_TOKEN, Sample, Usage
from wizardcoder.records import Record
from wizardcoder.teacher import Reply, Teacher
from wizardcoder.teacher.accounts import mean_seconds, reading


class _Meter:
    """A teacher that counts what one lineage asks of it."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._calls = self._prompt_tokens = self._completion_tokens = 0

    async def ask(
        self, prompt: str, *, sample: int = 0, decoding: recipes.Decoding | None = None
    ) -> Reply:
        reply = await self._teacher.ask(prompt, sample=sample, decoding=decoding)
        self._calls += 1
        if reply.prompt_tokens or reply.completion_tokens:
            self._prompt_tokens += reply.prompt_tokens
            self._completion_tokens += reply.completion_tokens
        else:  # a server that does not say what it used
            self._prompt_tokens += round(len(prompt) / CHARACTERS_PER_TOKEN)
            self._completion_tokens += round(len(reply.text) / CHARACTERS_PER_TOKEN)
        return reply

    @property
    def usage(self) -> Usage:
        price = self._teacher.price
        tokens = self._prompt_tokens, self._completion_tokens
        return Usage(self._calls, *tokens, None if price is None else price.usd(*tokens))


def choose(seeds: Sequence[Record], count: int) -> list[Record]:
    """So many of the seeds, evenly spread over their sizes: the same ones at every call."""
    ordered = sorted(seeds, key=lambda seed: (len(seed.question), seed.id))
    count = min(count, len(ordered))
    return [ordered[(2 * n + 1) * len(ordered) // (2 * count)] for n in range(count)]


def take(
    chosen: Sequence[Record],
    plan: Plan,
    teachers: Sequence[Teacher],
    verify: Verify | None = None,
    on_lineage: Callable[[int], None] = lambda done: None,
) -> Sample:
    """Evolve some seeds as the plan says, and measure what each of them takes.

    Raises what evolving raises; what was answered until then is in the ledger.
    """
    done = 0

    async def walk(seed: Record) -> tuple[tuple[Usage, ...], Evolved]:
        nonlocal done
        meters = [_Meter(teacher) for teacher in teachers]
        evolved = await evolve([seed], plan, *(meter.ask for meter in meters), verify=verify)
        done += 1
        on_lineage(done)
        return tuple(meter.usage for meter in meters), evolved

    async def work() -> list[tuple[tuple[Usage, ...], Evolved]]:
        async with AsyncExitStack() as stack:
            for teacher in teachers:
                await stack.enter_async_context(teacher)
            walks = [asyncio.create_task(walk(seed)) for seed in chosen]
            try:
                return await asyncio.gather(*walks)
            finally:
                for each in walks:
                    each.cancel()

    measured = asyncio.run(work())
    evolved = [outcome for _, outcome in measured]
    return Sample(
        lineages=tuple(usages for usages, _ in measured),
        attempts=sum(len(each.accepted) + len(each.rejected) for each in evolved),
        accepted=sum(len(each.accepted) for each in evolved),
        seconds=_seconds(teachers),
    )


def _seconds(teachers: Sequence[Teacher]) -> tuple[float | None, ...]:
    path: Path = teachers[0].ledger.path
    with reading(path) as database:
        return tuple(mean_seconds(database, teacher.options.model) for teacher in teachers)
