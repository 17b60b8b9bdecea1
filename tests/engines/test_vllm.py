"""vLLM as far as that is seen without a GPU: what it is asked, and what comes of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from wizardcoder.engines import Sampled, Sampling
from wizardcoder.engines.vllm import VllmEngine
from wizardcoder.errors import MissingExtraError


class FakeLlm:
    """Says the seed of each request, as vLLM's offline class would."""

    def __init__(self, model: str, dtype: str) -> None:
        self.loaded = model, dtype
        self.asked: list[tuple[Any, Any]] = []
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=48))

    def generate(self, prompts: list[Any], wanted: list[Any], use_tqdm: bool) -> list[Any]:
        self.asked += zip(prompts, wanted, strict=True)
        texts = [
            SimpleNamespace(text=f"{w.seed}", finish_reason="stop", token_ids=[1, 2])
            for w in wanted
        ]
        return [SimpleNamespace(outputs=[text]) for text in texts]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package, with the names that vLLM's documentation gives."""
    package = ModuleType("vllm")
    vars(package).update(LLM=FakeLlm, SamplingParams=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "vllm", package)


@pytest.fixture
def engine(checkpoint: Path, vllm: None) -> VllmEngine:
    return VllmEngine.load(checkpoint, precision="bf16")


def test_each_request_has_its_own_seed(engine: VllmEngine) -> None:
    sampling = Sampling(max_tokens=8, temperature=0.5, top_p=0.9, stop=("\ndef",))
    assert list(engine.generate(["a", "b"], sampling, seeds=[5, 6])) == [
        Sampled(0, "5", "stop", 2),
        Sampled(1, "6", "stop", 2),
    ]


def test_it_samples_as_it_is_told_within_the_models_positions(
    engine: VllmEngine, checkpoint: Path
) -> None:
    list(engine.generate(["a"], Sampling(100, 0.5, 0.9, stop=("\ndef",)), seeds=[5]))
    ((prompt, wanted),) = engine._llm.asked
    assert engine._llm.loaded == (str(checkpoint), "bfloat16")
    assert (wanted.temperature, wanted.top_p, wanted.stop) == (0.5, 0.9, ["\ndef"])
    assert wanted.max_tokens == 48 - len(prompt["prompt_token_ids"])


def test_a_prompt_without_room_is_not_sent(engine: VllmEngine) -> None:
    assert list(engine.generate(["+ " * 60], Sampling(8))) == [Sampled(0, "", "length", 0)]
    assert engine._llm.asked == []


def test_without_vllm_the_extra_is_named(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtraError, match=r"wizardcoder\[vllm\]"):
        VllmEngine.load(checkpoint)
