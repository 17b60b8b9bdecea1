from __future__ import annotations

import math

import pytest
import torch
from transformers import PreTrainedModel

from wizardcoder.recipe import Train
from wizardcoder.train.attention import FLAT, choose_attention
from wizardcoder.train.batches import Batch, make_batch
from wizardcoder.train.learner import Learner, lr_factor
from wizardcoder.train.loss import loss
from wizardcoder.train.packing import Row

from .models import gpt_bigcode, make_model
from .test_loss import ALONE, DATA

LABELS = int(DATA.labels.sum())


@pytest.fixture
def model() -> PreTrainedModel:
    made = make_model(gpt_bigcode)
    made.set_attn_implementation(choose_attention(made, "auto", 24, half=False))
    return made


def learner_of(model: PreTrainedModel, **options: object) -> Learner:
    return Learner(model, Train.model_validate({"precision": "fp32", **options}), steps=10)


def batch_of(model: PreTrainedModel, rows: list[Row]) -> Batch:
    return make_batch(rows, DATA, 0, flat=model.config._attn_implementation in FLAT)


def learn(learner: Learner, *batches: Batch) -> float:
    found = learner.accumulate(batches, LABELS)
    learner.update(0)
    return found


def test_the_loss_is_the_mean_over_the_labels_of_the_whole_step(model: PreTrainedModel) -> None:
    batches = [batch_of(model, rows) for rows in ALONE]
    expected = sum(loss(model, batch)[0].item() for batch in batches) / LABELS
    assert learner_of(model).accumulate(batches, LABELS) == pytest.approx(expected, rel=1e-5)


def test_gradients_of_several_passes_equal_those_of_one(model: PreTrainedModel) -> None:
    def gradients(*batches: Batch) -> list[torch.Tensor]:
        learner = learner_of(model)
        learner.accumulate(batches, LABELS)
        found = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        learner.forget()
        return found

    together = gradients(batch_of(model, [(0, 1, 2)]))
    apart = gradients(*(batch_of(model, rows) for rows in ALONE))
    for one, other in zip(together, apart, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-6 + 1e-4 * other.abs().max())


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_in_half_precision_has_nearly_the_loss_of_fp32(
    precision: str, model: PreTrainedModel
) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.div_(3)
    batch = batch_of(model, [(0, 1, 2)])
    exact = learn(learner_of(model, lr=1e-9), batch)
    rough = learn(learner_of(model, lr=1e-9, precision=precision), batch)
    assert rough == pytest.approx(exact, rel=0.01)


def test_the_norm_of_the_gradients_is_that_before_clipping(model: PreTrainedModel) -> None:
    batch = batch_of(model, [(0, 1, 2)])
    norms = []
    for most in (0.0, 1e-3):
        learner = learner_of(model, lr=1e-12, max_grad_norm=most)
        learner.accumulate([batch], LABELS)
        wanted = math.sqrt(sum(p.grad.square().sum().item() for p in model.parameters()))
        norms.append(learner.update(0))
        assert norms[-1] == pytest.approx(wanted, rel=1e-4)
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_frozen_weights_neither_move_nor_have_a_state(model: PreTrainedModel) -> None:
    model.transformer.wte.requires_grad_(False)
    before = model.transformer.wte.weight.clone()
    learner = learner_of(model, lr=0.1)
    learn(learner, batch_of(model, [(0,)]))
    assert torch.equal(model.transformer.wte.weight, before)
    assert "transformer.wte.weight" not in learner.state()["model"]


def test_the_average_of_weights_follows_them(model: PreTrainedModel) -> None:
    start = model.transformer.wte.weight.detach().clone()
    learner = learner_of(model, lr=0.1, warmup_steps=0, schedule="constant", ema=True)
    learn(learner, batch_of(model, [(0,)]))
    end = model.transformer.wte.weight.detach()
    # the first step's decay is 1/10
    average = learner.weights()["transformer.wte.weight"]
    assert torch.allclose(average, start + 0.9 * (end - start), atol=1e-6)


def test_warm_up_is_linear() -> None:
    options = Train(warmup_steps=4, schedule="constant")
    assert [lr_factor(step, 10, options) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_cosine_falls_from_one_to_zero_after_warm_up() -> None:
    options = Train(warmup_steps=2, schedule="cosine")
    factors = [lr_factor(step, 10, options) for step in (2, 6, 10)]
    assert factors == pytest.approx([1.0, 0.5, 0.0])


def test_gradients_that_are_not_finite_change_no_weight(model: PreTrainedModel) -> None:
    learner = learner_of(model, ema=True)
    learner.accumulate([batch_of(model, [(0,)])], LABELS)
    model.transformer.wte.weight.grad[0, 0] = math.inf
    before = [p.detach().clone() for p in (*model.parameters(), *learner.average.values())]
    assert learner.update(0) == math.inf
    after = (*model.parameters(), *learner.average.values())
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
