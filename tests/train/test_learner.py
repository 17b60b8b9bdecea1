from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    GPTBigCodeConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
)

from wizardcoder.recipe import Train
from wizardcoder.train.attention import NAME, choose_attention
from wizardcoder.train.batches import Batch, block_mask, make_batch
from wizardcoder.train.examples import Encoded
from wizardcoder.train.learner import Learner, lr_factor

VOCABULARY = 50
ROW = 24
#: Three documents for one packed row.
EXAMPLES = [
    Encoded(np.arange(n, n + length) % VOCABULARY, labels_from)
    for n, length, labels_from in ((3, 9, 4), (17, 6, 1), (31, 7, 3))
]


def gpt_bigcode() -> PreTrainedConfig:
    return GPTBigCodeConfig(
        vocab_size=VOCABULARY,
        n_positions=64,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_inner=64,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )


def llama() -> PreTrainedConfig:
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=0,
    )


def qwen2() -> PreTrainedConfig:
    return Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=0,
    )


VARIANTS = [
    (gpt_bigcode, "eager"),
    (gpt_bigcode, "sdpa"),
    (gpt_bigcode, NAME),
    (llama, "eager"),
    (llama, "sdpa"),
    (qwen2, "eager"),
    (qwen2, "sdpa"),
]


@pytest.fixture(params=VARIANTS, ids=lambda v: f"{v[0].__name__}-{v[1]}")
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    config, attention = request.param
    torch.manual_seed(0)
    made = AutoModelForCausalLM.from_config(config(), dtype=torch.float32)
    with torch.no_grad():  # far from its start, where attention hardly matters
        for parameter in made.parameters():
            parameter.mul_(3)
    choose_attention(made, ROW)  # registers our own
    made.set_attn_implementation(attention)
    return made


def learner_of(model: PreTrainedModel, **options: object) -> Learner:
    return Learner(model, Train.model_validate({"precision": "fp32", **options}), steps=10)


def logits(model: PreTrainedModel, batch: Batch, mask: torch.Tensor | None) -> torch.Tensor:
    with torch.no_grad():
        return model(
            input_ids=batch.ids,
            position_ids=batch.positions,
            attention_mask=mask,
            use_cache=False,
        ).logits


def alone(model: PreTrainedModel) -> torch.Tensor:
    """The logits of each example in a batch of its own, one after the other."""
    packed_attention = model.config._attn_implementation
    model.set_attn_implementation("eager")
    parts = [logits(model, make_batch([(0,)], [e], len(e.ids), 0), None)[0] for e in EXAMPLES]
    model.set_attn_implementation(packed_attention)
    return torch.cat(parts)


def test_packed_logits_equal_those_of_each_example_alone(model: PreTrainedModel) -> None:
    batch = make_batch([(0, 1, 2)], EXAMPLES, ROW, 0)
    packed = logits(model, batch, block_mask(batch.documents, torch.float32))
    expected = alone(model)
    assert torch.allclose(packed[0, : len(expected)], expected, atol=1e-4)


def test_packed_logits_differ_when_the_mask_is_dropped(model: PreTrainedModel) -> None:
    """The proof that the test above would notice."""
    batch = make_batch([(0, 1, 2)], EXAMPLES, ROW, 0)
    one_document = torch.ones_like(batch.documents)
    packed = logits(model, batch, block_mask(one_document, torch.float32))
    expected = alone(model)
    assert not torch.allclose(packed[0, : len(expected)], expected, atol=0.1)


def gradients(model: PreTrainedModel, batches: list[Batch]) -> list[torch.Tensor]:
    """The gradients of one step over the batches, caught before they are used."""
    learner = learner_of(model, max_grad_norm=0)
    caught: list[torch.Tensor] = []
    learner.optimizer.register_step_pre_hook(
        lambda *_: caught.extend(p.grad.clone() for p in model.parameters())
    )
    before = [p.detach().clone() for p in model.parameters()]
    learner.learn(batches, sum(e.labels for e in EXAMPLES), step=0)
    with torch.no_grad():
        for parameter, old in zip(model.parameters(), before, strict=True):
            parameter.copy_(old)
    return caught


def test_packed_gradients_equal_those_of_each_example_alone(model: PreTrainedModel) -> None:
    packed = gradients(model, [make_batch([(0, 1, 2)], EXAMPLES, ROW, 0)])
    single = gradients(model, [make_batch([(i,)], EXAMPLES, 9, 0) for i in range(3)])
    for one, other in zip(packed, single, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-6 + 1e-4 * other.abs().max())


def test_the_loss_is_the_mean_over_the_labels_of_the_whole_step(model: PreTrainedModel) -> None:
    batches = [make_batch([(i,)], EXAMPLES, 9, 0) for i in range(3)]
    expected = [
        torch.nn.functional.cross_entropy(
            logits(model, batch, block_mask(batch.documents, torch.float32))[0],
            batch.targets[0],
            reduction="sum",
        ).item()
        for batch in batches
    ]
    labels = sum(example.labels for example in EXAMPLES)
    loss = learner_of(model).learn(batches, labels, step=0)
    assert loss == pytest.approx(sum(expected) / labels, rel=1e-5)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_in_half_precision_has_nearly_the_loss_of_fp32(precision: str) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(gpt_bigcode(), dtype=torch.float32)
    model.set_attn_implementation(choose_attention(model, ROW))
    batches = [make_batch([(0, 1, 2)], EXAMPLES, ROW, 0)]
    labels = sum(example.labels for example in EXAMPLES)
    exact = learner_of(model, lr=1e-9).learn(batches, labels, step=0)
    rough = learner_of(model, lr=1e-9, precision=precision).learn(batches, labels, step=0)
    assert rough == pytest.approx(exact, rel=0.01)


def test_short_rows_of_a_multi_query_model_take_our_attention_and_others_sdpa() -> None:
    bigcode = AutoModelForCausalLM.from_config(gpt_bigcode())
    assert choose_attention(bigcode, 128) == NAME
    assert choose_attention(bigcode, 2048) == "sdpa"
    assert choose_attention(AutoModelForCausalLM.from_config(llama()), 128) == "sdpa"


def test_a_loss_that_is_not_finite_changes_no_weight() -> None:
    model = AutoModelForCausalLM.from_config(gpt_bigcode(), dtype=torch.float32)
    learner = learner_of(model, lr=0.1)
    with torch.no_grad():
        model.transformer.ln_f.bias[0] = math.nan
    before = model.transformer.wte.weight.clone()
    loss = learner.learn([make_batch([(0,)], EXAMPLES, ROW, 0)], 5, step=0)
    assert math.isnan(loss)
    assert torch.equal(model.transformer.wte.weight, before)


def test_the_average_of_weights_follows_them() -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(gpt_bigcode(), dtype=torch.float32)
    start = model.transformer.wte.weight.detach().clone()
    learner = learner_of(model, lr=0.1, warmup_steps=0, schedule="constant", ema=True)
    learner.learn([make_batch([(0,)], EXAMPLES, ROW, 0)], 5, step=0)
    end = model.transformer.wte.weight.detach().clone()
    learner.settle()
    # the first step's decay is 1/10
    assert torch.allclose(model.transformer.wte.weight, start + 0.9 * (end - start), atol=1e-6)


def test_warm_up_is_linear() -> None:
    options = Train(warmup_steps=4, schedule="constant")
    assert [lr_factor(step, 10, options) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_cosine_falls_from_one_to_zero_after_warm_up() -> None:
    options = Train(warmup_steps=2, schedule="cosine")
    factors = [lr_factor(step, 10, options) for step in (2, 6, 10)]
    assert factors == pytest.approx([1.0, 0.5, 0.0])
