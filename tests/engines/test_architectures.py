"""The refilling batch on rotary positions and shared keys says what plain `generate` says."""

from __future__ import annotations

import pytest
from transformers import AutoModelForCausalLM, MistralConfig

from tests.engines import chat_models
from wizardcoder.engines import Sampling, TransformersEngine
from wizardcoder.engines.ties import partings

PROMPTS = [f"def f{n}({'x, ' * (n % 5)}):\n    return {'x + ' * (n % 3)}" for n in range(12)]
DRAWN = Sampling(max_tokens=12, temperature=1.5, top_p=0.95)


@pytest.fixture(scope="module", params=chat_models.KINDS)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> TransformersEngine:
    folder = tmp_path_factory.mktemp("engine") / request.param
    loaded = TransformersEngine.load(chat_models.checkpoint(folder, request.param, scale=4))
    return with_batches_of(5, loaded)


def with_batches_of(size: int, engine: TransformersEngine) -> TransformersEngine:
    return TransformersEngine(engine.model, engine.tokenizer, batch_size=size)


def drawn(engine: TransformersEngine, n: int) -> dict[tuple[int, int], str]:
    """`n` texts of each prompt, each with a seed of its own, by prompt and sample."""
    keys = [(prompt, sample) for prompt in range(len(PROMPTS)) for sample in range(n)]
    seeds = [1000 * prompt + sample for prompt, sample in keys]
    made = engine.generate([PROMPTS[prompt] for prompt, _ in keys], DRAWN, seeds)
    return {keys[sampled.index]: sampled.text for sampled in made}


def test_greedy_is_plain_generate_of_each_prompt_alone_but_for_ties(
    engine: TransformersEngine,
) -> None:
    assert all(parting.margin <= 1e-4 for parting in partings(engine, PROMPTS, 16))


def test_greedy_is_the_same_in_batches_of_any_size(engine: TransformersEngine) -> None:
    texts = [
        {s.index: s.text for s in with_batches_of(size, engine).generate(PROMPTS, Sampling(16))}
        for size in (1, 3, 12)
    ]
    assert texts[0] == texts[1] == texts[2]
    assert len(set(texts[0].values())) > len(PROMPTS) / 2


def test_the_first_20_samples_stay_when_40_are_drawn(engine: TransformersEngine) -> None:
    few, many = drawn(with_batches_of(16, engine), 20), drawn(with_batches_of(64, engine), 40)
    assert few.items() <= many.items()
    assert len(set(many.values())) > 400


def test_drawn_texts_are_the_same_in_batches_of_any_size(engine: TransformersEngine) -> None:
    one, other = drawn(with_batches_of(1, engine), 2), drawn(with_batches_of(7, engine), 2)
    assert one == other


def test_a_window_of_attention_slides_within_each_row() -> None:
    tokenizer = chat_models.tokenizer("qwen2")
    shape = chat_models.config("llama", len(tokenizer)).to_dict()
    kept = {k: v for k, v in shape.items() if k not in ("model_type", "architectures")}
    model = AutoModelForCausalLM.from_config(MistralConfig(**{**kept, "sliding_window": 8}))
    engine = TransformersEngine(model, tokenizer, batch_size=5)
    assert all(parting.margin <= 1e-4 for parting in partings(engine, PROMPTS, 16))
