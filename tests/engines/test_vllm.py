"""vLLM as far as that is seen without a GPU: what it is asked, and what comes of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests.engines import chat_models
from wizardcoder.engines import Sampled, Sampling
from wizardcoder.engines.ending import end_tokens
from wizardcoder.engines.vllm import VllmEngine
from wizardcoder.errors import MissingExtraError


class FakeLlm:
    """Says the seed of each request and ends, as vLLM's offline class would."""

    def __init__(self, model: str, dtype: str) -> None:
        self.loaded = model, dtype
        self.asked: list[tuple[Any, Any]] = []
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=48))

    def generate(self, prompts: list[Any], wanted: list[Any], use_tqdm: bool) -> list[Any]:
        self.asked += zip(prompts, wanted, strict=True)
        tokenizer = AutoTokenizer.from_pretrained(self.loaded[0])
        end = wanted[0].stop_token_ids[0]
        tokens = [[*tokenizer(f"{w.seed}\ndef")["input_ids"], end] for w in wanted]
        texts = [SimpleNamespace(text="", finish_reason="stop", token_ids=ids) for ids in tokens]
        return [SimpleNamespace(outputs=[text]) for text in texts]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package, with the names that vLLM's documentation gives."""
    package = ModuleType("vllm")
    vars(package).update(LLM=FakeLlm, SamplingParams=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "vllm", package)


@pytest.fixture
def engine(checkpoint: Path, vllm: None) -> VllmEngine:
    return VllmEngine.load(checkpoint)


def test_each_request_has_its_own_seed(engine: VllmEngine) -> None:
    sampling = Sampling(max_tokens=8, temperature=0.5, top_p=0.9, stop=("\ndef",))
    made = list(engine.generate(["a", "b"], sampling, seeds=[5, 6]))
    assert [(s.index, s.text, s.finish_reason) for s in made] == [
        (0, "5", "stop"),
        (1, "6", "stop"),
    ]


def test_a_text_is_written_as_other_engines_write_it_without_its_end(engine: VllmEngine) -> None:
    (sampled,) = engine.generate(["a"], Sampling(max_tokens=8), seeds=[5])
    assert sampled.text == "5\ndef"
    assert sampled.tokens == len(engine._tokenizer("5\ndef")["input_ids"]) + 1


@pytest.mark.parametrize(("precision", "dtype"), [(None, "auto"), ("fp32", "float32")])
def test_the_precision_is_the_checkpoints_unless_told(
    precision: str | None, dtype: str, checkpoint: Path, vllm: None
) -> None:
    assert VllmEngine.load(checkpoint, precision=precision)._llm.loaded == (str(checkpoint), dtype)


def test_it_stops_where_the_chat_template_ends_an_answer(tmp_path: Path, vllm: None) -> None:
    engine = VllmEngine.load(chat_models.checkpoint(tmp_path / "model", "qwen2"))
    list(engine.generate(["a"], Sampling(max_tokens=8)))
    ((_, wanted),) = engine._llm.asked
    assert wanted.stop_token_ids == end_tokens(chat_models.tokenizer("qwen2"))
    assert len(wanted.stop_token_ids) == 2


def test_it_samples_as_it_is_told_within_the_models_positions(
    engine: VllmEngine,
) -> None:
    list(engine.generate(["a"], Sampling(100, 0.5, 0.9, stop=("\ndef",)), seeds=[5]))
    ((prompt, wanted),) = engine._llm.asked
    assert (wanted.temperature, wanted.top_p, wanted.stop) == (0.5, 0.9, ["\ndef"])
    assert wanted.max_tokens == 48 - len(prompt["prompt_token_ids"])


def test_a_prompt_without_room_is_not_sent(engine: VllmEngine) -> None:
    assert list(engine.generate(["+ " * 60], Sampling(8))) == [Sampled(0, "", "length", 0)]
    assert engine._llm.asked == []


def test_without_vllm_the_extra_is_named(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtraError, match=r"wizardcoder\[vllm\]"):
        VllmEngine.load(checkpoint)
