"""The memory that is foreseen is what PyTorch takes, as far as a CPU can show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import GPTBigCodeConfig, LlamaConfig, PreTrainedConfig

from wizardcoder.recipe import Lora, Train
from wizardcoder.train import allocations
from wizardcoder.train.adapters import add_adapter
from wizardcoder.train.batches import Batch
from wizardcoder.train.footprint import Footprint, count_weights, flops_of, footprint, trace
from wizardcoder.train.learner import Learner
from wizardcoder.train.loss import loss
from wizardcoder.train.speed import flops_per_token
from wizardcoder.train.survey import Passing

from .models import gpt_bigcode, llama, make_model, qwen2

ARCHITECTURES = pytest.mark.parametrize("config", [gpt_bigcode, llama, qwen2])
PASSING = Passing(tokens=60, labels=40)
Config = Callable[[], PreTrainedConfig]


def options(**changes: object) -> Train:
    return Train.model_validate({"precision": "fp32", **changes})


def foreseen(config: PreTrainedConfig, train: Train, processes: int = 1) -> Footprint:
    return footprint(trace(config, train, PASSING), train, processes)


def a_batch() -> Batch:
    shape = (1, PASSING.tokens)
    return Batch(
        ids=torch.zeros(shape, dtype=torch.long),
        positions=torch.zeros(shape, dtype=torch.long),
        targets=torch.zeros(shape, dtype=torch.long),
        documents=torch.ones(shape, dtype=torch.long),
        learning=torch.arange(PASSING.labels),
        borders=torch.tensor([0, PASSING.tokens], dtype=torch.int32),
        longest=PASSING.tokens,
        labels=PASSING.labels,
    )


def bytes_of(tensors: Any) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@ARCHITECTURES
def test_weights_are_counted_as_they_are(config: Config) -> None:
    model = make_model(config)
    assert count_weights(config()) == sum(p.numel() for p in model.parameters())
    assert flops_of(config(), 7.0) == flops_per_token(model, 7.0)


@pytest.mark.parametrize(
    ("layers", "width", "heads", "weights"),
    [(40, 6144, 48, 15_517_456_384), (24, 2048, 16, 1_137_207_296)],
)
def test_starcoders_have_their_published_size(
    layers: int, width: int, heads: int, weights: int
) -> None:
    """bigcode/starcoder (15.5 B) and bigcode/starcoderbase-1b (1.1 B), by their config.json."""
    config = GPTBigCodeConfig(
        n_layer=layers,
        n_embd=width,
        n_head=heads,
        n_inner=4 * width,
        n_positions=8192,
        vocab_size=49152,
        bos_token_id=0,
        eos_token_id=0,
    )
    assert count_weights(config) == weights


def test_codellama_34b_has_its_published_size() -> None:
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=8192,
        num_hidden_layers=48,
        num_attention_heads=64,
        num_key_value_heads=8,
        intermediate_size=22016,
    )
    assert count_weights(config) == pytest.approx(33.7e9, rel=0.005)


@ARCHITECTURES
def test_weights_gradients_and_optimizer_are_what_a_step_takes(config: Config) -> None:
    model = make_model(config, "eager")
    learner = Learner(model, options(), steps=1)
    model(input_ids=torch.zeros((1, 8), dtype=torch.long)).logits.sum().backward()
    gradients = bytes_of(p.grad for p in model.parameters() if p.grad is not None)
    learner.update(0)
    moments = [
        value
        for state in learner.optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.ndim
    ]
    found = foreseen(config(), options())
    real = (bytes_of(model.parameters()), gradients, bytes_of(moments))
    assert real == (found.weights, found.gradients, found.optimizer)


@ARCHITECTURES
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_pass_takes_what_was_traced(config: Config, precision: str) -> None:
    found = foreseen(config(), options(precision=precision))
    traced = found.copies + found.activations + found.logits
    assert traced == pytest.approx(peak_of_a_pass(config(), precision), rel=0.1)


def peak_of_a_pass(config: PreTrainedConfig, precision: str) -> int:
    """By PyTorch's own record of what its allocator gave out."""
    model = make_model(config, "eager")
    model.set_attn_implementation(allocations.NAME)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    batch = a_batch()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            summed, _ = loss(model, batch)
        summed.backward()  # type: ignore[no-untyped-call]
    now = peak = 0
    for event in profiled.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            now += event.nbytes()
            peak = max(peak, now)
    return peak


@ARCHITECTURES
def test_adapters_with_all_that_they_need_are_counted(config: Config) -> None:
    train = options(method="lora", lora=Lora(rank=2))
    model = make_model(config)
    weights = bytes_of(model.parameters())
    add_adapter(model, train.lora, seed=0)
    learning = bytes_of(p for p in model.parameters() if p.requires_grad)
    found = foreseen(config(), train)
    assert (found.weights, found.adapters) == (weights, 4 * learning)
    assert (found.gradients, found.optimizer) == (0, 0)


def test_quantised_weights_take_about_half_a_byte() -> None:
    lora, qlora = (foreseen(llama(), options(method=method)) for method in ("lora", "qlora"))
    linear = 2 * (32 * 32 * 2 + 32 * 16 * 2 + 3 * 32 * 64)
    saved = linear * (4 - (4 + 8 / 64 + 32 / (64 * 256)) / 8)
    assert lora.weights - qlora.weights == pytest.approx(saved, abs=1)


def test_fsdp_shares_out_what_ddp_does_not() -> None:
    alone = foreseen(llama(), options())
    ddp = foreseen(llama(), options(parallel="ddp"), 4)
    fsdp = foreseen(llama(), options(parallel="fsdp"), 4)
    assert ddp == alone
    for part in ("weights", "gradients", "optimizer"):
        assert getattr(fsdp, part) == getattr(alone, part) / 4
    assert fsdp.gathered > 0


@pytest.mark.parametrize("config", [gpt_bigcode, llama])
def test_checkpointing_saves_activations(config: Config) -> None:
    deep = config()
    deep.num_hidden_layers = 8
    less = foreseen(deep, options(gradient_checkpointing=True))
    assert less.activations + less.logits < 0.6 * sum(foreseen(deep, options())[-2:])


def test_logits_grow_with_the_labels() -> None:
    few, many = (
        footprint(trace(llama(), options(), passing), options())
        for passing in (Passing(60, 10), Passing(60, 50))
    )
    assert many.total > few.total


def test_a_running_average_takes_the_weights_once_more() -> None:
    plain, averaged = (foreseen(llama(), options(ema=ema)) for ema in (False, True))
    assert averaged.total - plain.total == plain.weights
