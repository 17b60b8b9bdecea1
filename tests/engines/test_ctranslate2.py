from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from wizardcoder.engines import Sampled, Sampling, TransformersEngine
from wizardcoder.engines.ctranslate2 import CTranslate2Engine
from wizardcoder.errors import MissingDataError, MissingExtraError, UsageError

PROMPTS = ["def f", "x", "def total(xs):\n    return", "return sum", "def f(x): return x + 1 # "]
GREEDY = Sampling(max_tokens=12)


@pytest.fixture(scope="module")
def fast(checkpoint: Path) -> CTranslate2Engine:
    return CTranslate2Engine.load(checkpoint, batch_size=3)


def by_index(sampled: list[Sampled]) -> list[Sampled]:
    return sorted(sampled, key=lambda s: s.index)


def test_greedy_is_what_transformers_says(
    fast: CTranslate2Engine, engine: TransformersEngine
) -> None:
    theirs = by_index(list(engine.generate(PROMPTS, GREEDY)))
    assert by_index(list(fast.generate(PROMPTS, GREEDY))) == theirs


def test_a_prompt_without_room_gives_an_empty_text(fast: CTranslate2Engine) -> None:
    (sampled,) = fast.generate(["+ " * 60], GREEDY)
    assert sampled == Sampled(0, "", "length", 0)


def test_a_text_ends_before_its_stop_sequence(fast: CTranslate2Engine) -> None:
    (whole,) = fast.generate(["def f"], GREEDY)
    stop = whole.text[3:5]
    (sampled,) = fast.generate(["def f"], Sampling(max_tokens=12, stop=(stop,)))
    assert (sampled.text, sampled.finish_reason) == (whole.text[: whole.text.index(stop)], "stop")
    assert sampled.tokens < whole.tokens


def test_equal_prompts_and_seeds_give_equal_texts(fast: CTranslate2Engine) -> None:
    sampling = Sampling(max_tokens=8, temperature=1.0, top_p=0.95)
    first, again, other = (
        [s.text for s in fast.generate(["def f"] * 4, sampling, seeds)]
        for seeds in (range(4), range(4), range(4, 8))
    )
    assert first == again != other
    assert len(set(first)) == 4


def test_a_checkpoint_is_converted_once(fast: CTranslate2Engine, checkpoint: Path) -> None:
    model = checkpoint / "ctranslate2" / "model.bin"
    before = model.stat().st_mtime_ns
    CTranslate2Engine.load(checkpoint)
    assert model.stat().st_mtime_ns == before


def test_an_architecture_that_it_does_not_know_is_named(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path)
    config = {"model_type": "mamba", "architectures": ["MambaForCausalLM"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"CTranslate2 does not take it: .*MambaConfig"):
        CTranslate2Engine.load(tmp_path)
    assert not list(tmp_path.glob("*ctranslate2*"))


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nowhere: cannot be loaded"):
        CTranslate2Engine.load(tmp_path / "nowhere")


def test_without_ctranslate2_the_extra_is_named(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(MissingExtraError, match=r"wizardcoder\[ctranslate2\]"):
        CTranslate2Engine.load(checkpoint)
