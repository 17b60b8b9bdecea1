"""Packed equals unpacked: logits, loss and gradients, on every attention that runs here."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from wizardcoder.train import shared_key
from wizardcoder.train.attention import FLAT, NAME, choose_attention
from wizardcoder.train.batches import Batch, make_batch
from wizardcoder.train.examples import Encoded
from wizardcoder.train.loss import label_logits, loss
from wizardcoder.train.packing import Row
from wizardcoder.train.tokens import in_memory

from .models import VOCABULARY, gpt_bigcode, llama, make_model, qwen2

#: Three documents for one packed row; nothing but its first token is not learnt in the second.
DATA = in_memory(
    [
        Encoded(np.arange(n, n + length) % VOCABULARY, np.arange(length) >= labels_from)
        for n, length, labels_from in ((3, 9, 4), (17, 6, 1), (31, 7, 3))
    ]
)
ALONE: list[list[Row]] = [[(0,)], [(1,)], [(2,)]]
VARIANTS = [
    (config, attention)
    for config in (gpt_bigcode, llama, qwen2)
    for attention in ("eager", "sdpa", NAME)
] + [(gpt_bigcode, shared_key.NAME)]


@pytest.fixture(params=VARIANTS, ids=lambda v: f"{v[0].__name__}-{v[1]}")
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    config, attention = request.param
    made = make_model(config)
    choose_attention(made, "auto", 24, half=False)  # registers our own
    made.set_attn_implementation(attention)
    return made


def batch_of(model: PreTrainedModel, rows: list[Row]) -> Batch:
    return make_batch(rows, DATA, 0, flat=model.config._attn_implementation in FLAT)


def logits(model: PreTrainedModel, *batches: Batch) -> torch.Tensor:
    """The logits of all labels, in the order of the documents."""
    with torch.no_grad():
        return torch.cat([label_logits(model, batch)[0] for batch in batches])


def alone(model: PreTrainedModel) -> torch.Tensor:
    """The logits of each example in a batch of its own, by the model's own plain attention."""
    attention = model.config._attn_implementation
    model.set_attn_implementation("eager")
    expected = logits(model, *(make_batch(rows, DATA, 0, flat=False) for rows in ALONE))
    model.set_attn_implementation(attention)
    return expected


def gradients(model: PreTrainedModel, batches: list[Batch]) -> list[torch.Tensor]:
    model.zero_grad()
    for batch in batches:
        loss(model, batch)[0].backward()
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def test_packed_logits_equal_those_of_each_example_alone(model: PreTrainedModel) -> None:
    packed = logits(model, batch_of(model, [(0, 1, 2)]))
    assert torch.allclose(packed, alone(model), rtol=0, atol=1e-4)


def test_packed_logits_differ_when_the_borders_are_dropped(model: PreTrainedModel) -> None:
    """The proof that the test above would notice: the same row, said to be one document."""
    batch = batch_of(model, [(0, 1, 2)])
    time = batch.ids.shape[1]
    borders = None if batch.borders is None else torch.tensor([0, time], dtype=torch.int32)
    documents = torch.ones_like(batch.documents)
    dropped = batch._replace(documents=documents, borders=borders, longest=time)
    assert not torch.allclose(logits(model, dropped), alone(model), rtol=0, atol=0.1)


def test_packed_gradients_equal_those_of_each_example_alone(model: PreTrainedModel) -> None:
    packed = gradients(model, [batch_of(model, [(0, 1, 2)])])
    single = gradients(model, [batch_of(model, rows) for rows in ALONE])
    assert len(packed) == len(single) == len(list(model.parameters()))
    for one, other in zip(packed, single, strict=True):
        assert (one - other).norm() <= 1e-3 * other.norm()


def test_several_rows_in_a_batch_have_the_loss_and_gradients_of_each_alone(
    model: PreTrainedModel,
) -> None:
    packed = gradients(model, [batch_of(model, [(2, 0), (1,)])])
    single = gradients(model, [batch_of(model, rows) for rows in ALONE])
    for one, other in zip(packed, single, strict=True):
        assert (one - other).norm() <= 1e-3 * other.norm()


def test_the_loss_is_the_sum_of_the_cross_entropies_of_all_labels(model: PreTrainedModel) -> None:
    full = make_batch([(0,)], DATA, 0, flat=False)
    with torch.no_grad():
        found, labels = loss(model, batch_of(model, [(0,)]))
        model.set_attn_implementation("eager")
        everywhere = model(input_ids=full.ids).logits[0]
        expected = torch.nn.functional.cross_entropy(
            everywhere, full.targets[0], ignore_index=-100, reduction="sum"
        )
    assert labels == 5
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_batch_without_labels_has_no_loss_and_gradients_of_zero(model: PreTrainedModel) -> None:
    found, labels = loss(model, batch_of(model, []))
    found.backward()
    assert (found.item(), labels) == (0.0, 0)
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("attention", ["eager", "sdpa", NAME])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_has_nearly_the_loss_of_fp32(attention: str, dtype: torch.dtype) -> None:
    model = make_model(llama)
    choose_attention(model, "auto", 24, half=True)
    model.set_attn_implementation(attention)
    batch = batch_of(model, [(0, 1, 2)])
    exact = loss(model, batch)[0].item()
    with torch.autocast("cpu", dtype=dtype):
        rough = loss(model, batch)[0]
    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(exact, rel=0.02)
