"""Generation by somebody else's machine: an OpenAI-compatible endpoint, asked many at once.

Who is asked, and how replies are kept and paid for, is handed in: this module knows neither
ledgers nor prices.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from wizardcoder.engines.engine import Sampled, Sampling


class Said(NamedTuple):
    """What an endpoint said to a prompt; `tokens` as it counts them."""

    text: str
    finish_reason: str
    tokens: int


class Ask(Protocol):
    """Asks for the `sample`-th text to a prompt."""

    def __call__(self, prompt: str, sample: int) -> Coroutine[Any, Any, Said]: ...


#: An open line to an endpoint, for texts that are sampled so.
Open = Callable[[Sampling], AbstractAsyncContextManager[Ask]]


class EndpointEngine:
    """An Engine that asks `width` texts at a time. Errors of asking come out of `generate`.

    Its texts do not follow from seeds: that samples stay is up to who keeps the replies.
    """

    own_seeds = False

    def __init__(self, open_line: Open, *, width: int) -> None:
        self._open = open_line
        self._width = width

    def generate(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        """See Engine; `seeds` are not sent."""
        numbers = samples or [0] * len(prompts)
        asked = list(zip(prompts, numbers, strict=True))
        with asyncio.Runner() as runner:
            answers = self._answers(asked, sampling)
            try:
                while (sampled := runner.run(anext(answers, None))) is not None:
                    yield sampled
            finally:
                runner.run(answers.aclose())

    async def _answers(
        self, asked: Sequence[tuple[str, int]], sampling: Sampling
    ) -> AsyncGenerator[Sampled, None]:
        left = iter(enumerate(asked))
        heard = asyncio.Queue[Sampled]()
        async with self._open(sampling) as ask:

            async def ask_on() -> None:
                for index, (prompt, sample) in left:
                    said = await ask(prompt, sample)
                    heard.put_nowait(Sampled(index, said.text, said.finish_reason, said.tokens))

            asking = [asyncio.create_task(ask_on()) for _ in range(min(self._width, len(asked)))]
            all_asked = asyncio.gather(*asking)
            try:
                async for sampled in _until(all_asked, heard):
                    yield sampled
            finally:
                for task in asking:
                    task.cancel()
                await asyncio.gather(all_asked, *asking, return_exceptions=True)


async def _until(
    done: asyncio.Future[list[None]], heard: asyncio.Queue[Sampled]
) -> AsyncGenerator[Sampled, None]:
    """What is heard until all is done; then what is left, and the error that ended it, if any."""
    while not done.done():
        hearing = asyncio.create_task(heard.get())
        await asyncio.wait((hearing, done), return_when=asyncio.FIRST_COMPLETED)
        if hearing.done():
            yield hearing.result()
        else:
            hearing.cancel()
    while not heard.empty():
        yield heard.get_nowait()
    await done
