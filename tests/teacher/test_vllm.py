"""vLLM in this process, as far as that is seen without a GPU: what is asked, what comes of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.fault_server import options
from wizardcoder.errors import MissingExtraError
from wizardcoder.teacher import Ledger, Reply, Teacher
from wizardcoder.teacher.vllm import VllmTransport


class FakeEngine:
    """Says "four" in two steps, as vLLM streams, and keeps what it was asked."""

    asked: list[tuple[Any, Any, str]]

    def __init__(self) -> None:
        self.asked = []
        self.is_shut_down = False

    async def generate(self, prompt: Any, sampling: Any, request_id: str) -> AsyncIterator[Any]:
        self.asked.append((prompt, sampling, request_id))
        for text, reason in (("fo", None), ("four", "length")):
            made = SimpleNamespace(text=text, finish_reason=reason, token_ids=list(text))
            yield SimpleNamespace(outputs=[made])

    def shutdown(self) -> None:
        self.is_shut_down = True


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A stand-in for the package, with the names that vLLM's documentation gives."""
    engine = FakeEngine()
    package = ModuleType("vllm")
    names = {
        "AsyncEngineArgs": SimpleNamespace,
        "SamplingParams": SimpleNamespace,
        "AsyncLLMEngine": SimpleNamespace(from_engine_args=lambda arguments: engine),
    }
    vars(package).update(names)
    monkeypatch.setitem(sys.modules, "vllm", package)
    tokenizer = SimpleNamespace(apply_chat_template=lambda messages, **_: [1, 2, 3])
    load = SimpleNamespace(from_pretrained=lambda model: tokenizer)
    monkeypatch.setattr("transformers.AutoTokenizer", load)
    return engine


def ask(folder: Path, **changes: Any) -> Reply:
    async def run(ledger: Ledger) -> Reply:
        settings = options("vllm", **changes)
        async with Teacher(settings, VllmTransport("m"), ledger) as teacher:
            return await teacher.ask("2 + 2?")

    with Ledger(folder / "l.sqlite") as ledger:
        return asyncio.run(run(ledger))


def test_a_reply_is_what_was_generated_at_the_end(tmp_path: Path, engine: FakeEngine) -> None:
    assert ask(tmp_path) == Reply("four", "length", 3, 4)
    assert engine.is_shut_down


def test_the_engine_samples_as_the_recipe_says(tmp_path: Path, engine: FakeEngine) -> None:
    ask(tmp_path, temperature=0.3, top_p=0.8, max_tokens=7)
    prompt, sampling, _ = engine.asked[0]
    assert prompt == {"prompt_token_ids": [1, 2, 3]}
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.3, 0.8, 7)


def test_without_vllm_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtraError, match=r"wizardcoder\[vllm\]"):
        ask(tmp_path)
