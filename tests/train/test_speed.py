from __future__ import annotations

import pytest
import torch

from wizardcoder.train.speed import flops_per_token, peak_flops

from .models import gpt_bigcode, llama, make_model


def test_a_token_costs_six_operations_per_weight_and_those_of_attention() -> None:
    model = make_model(llama)
    weights = sum(p.numel() for p in model.parameters()) - model.model.embed_tokens.weight.numel()
    assert flops_per_token(model, 10.0) == 6 * weights + 6 * 2 * 32 * 10.0


def test_embeddings_that_are_the_head_too_are_counted_once() -> None:
    model = make_model(gpt_bigcode)
    assert flops_per_token(model, 0.0) == 6 * sum(p.numel() for p in model.parameters())


def test_the_peak_of_a_gpu_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "NVIDIA L40S", "Unheard of"])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: next(names))
    gpu = torch.device("cuda", 0)
    assert [peak_flops(gpu, None) for _ in range(4)] == [989e12, 756e12, 362e12, None]


def test_a_given_peak_counts_first() -> None:
    assert peak_flops(torch.device("cpu"), 0.875) == 0.875e12
    assert peak_flops(torch.device("cpu"), None) is None
