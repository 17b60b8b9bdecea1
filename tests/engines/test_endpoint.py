from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from wizardcoder.engines import Sampled, Sampling
from wizardcoder.engines.endpoint import Ask, EndpointEngine, Said


class Line:
    """An endpoint that echoes, more slowly the longer the prompt, and counts who asks at once."""

    def __init__(self) -> None:
        self.is_open = False
        self.asking = self.most_asking = 0
        self.asked: list[tuple[str, int]] = []
        self.samplings: list[Sampling] = []

    @asynccontextmanager
    async def open(self, sampling: Sampling) -> AsyncIterator[Ask]:
        self.samplings.append(sampling)
        self.is_open = True
        try:
            yield self.ask
        finally:
            self.is_open = False

    async def ask(self, prompt: str, sample: int) -> Said:
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        try:
            await asyncio.sleep(0.001 * len(prompt))
        finally:
            self.asking -= 1
        self.asked.append((prompt, sample))
        if prompt == "bad":
            raise RuntimeError("no")
        return Said(f"{prompt}/{sample}", "stop", 3)


def test_each_prompt_is_asked_for_its_sample() -> None:
    line = Line()
    sampled = EndpointEngine(line.open, width=4).generate(
        ["aa", "b", "aa"], Sampling(5), samples=[0, 0, 7]
    )
    assert sorted(sampled, key=lambda s: s.index) == [
        Sampled(0, "aa/0", "stop", 3),
        Sampled(1, "b/0", "stop", 3),
        Sampled(2, "aa/7", "stop", 3),
    ]
    assert line.samplings == [Sampling(5)]


def test_what_is_heard_first_comes_first() -> None:
    sampled = EndpointEngine(Line().open, width=2).generate(["a" * 100, "b"], Sampling(5))
    assert [s.index for s in sampled] == [1, 0]


def test_no_more_are_asked_at_once_than_it_is_wide() -> None:
    line = Line()
    assert len(list(EndpointEngine(line.open, width=3).generate(["xy"] * 20, Sampling(5)))) == 20
    assert line.most_asking == 3


def test_an_error_comes_out_after_what_was_heard_and_closes_the_line() -> None:
    line, heard = Line(), []
    engine = EndpointEngine(line.open, width=1)
    with pytest.raises(RuntimeError, match="no"):
        for sampled in engine.generate(["a", "bad", "c"], Sampling(5)):
            heard.append(sampled.index)
    assert heard == [0]
    assert not line.is_open
    assert ("c", 0) not in line.asked


def test_who_stops_listening_closes_the_line() -> None:
    line = Line()
    sampled = EndpointEngine(line.open, width=2).generate(["a", "b" * 500], Sampling(5))
    next(sampled)
    sampled.close()  # type: ignore[attr-defined]
    assert not line.is_open
    assert line.asking == 0


def test_no_prompts_ask_nothing() -> None:
    assert list(EndpointEngine(Line().open, width=2).generate([], Sampling(5))) == []
