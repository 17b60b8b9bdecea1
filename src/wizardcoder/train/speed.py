"""How well a device is used: the share of its peak that goes into real tokens (MFU).

Counted as PaLM does (arXiv 2204.02311, appendix B): six operations per weight and token, and those
of attention; padding, recomputation and what frozen weights save are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizardcoder.train.devices import named_within

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def peak_flops(device: torch.device, given_tflops: float | None) -> float | None:
    """What the device can do per second, as given or by its name; None where neither is known."""
    if given_tflops is not None:
        return given_tflops * 1e12
    if device.type != "cuda":
        return None
    import torch

    name = torch.cuda.get_device_name(device)
    found = named_within(name)
    return None if found is None else found.tflops * 1e12


def flops_per_token(model: PreTrainedModel, mean_tokens: float) -> float:
    """Operations of forward and backward for a token in documents of `mean_tokens`.

    A token sees half of its document on average; looking up embeddings costs nothing, the head,
    tied to them or not, does.
    """
    table = next(model.get_input_embeddings().parameters())
    head = next(model.get_output_embeddings().parameters())  # type: ignore[no-untyped-call]
    weights: int = model.num_parameters() - (0 if head is table else table.numel())
    config = model.config.get_text_config()
    attention: float = config.num_hidden_layers * config.hidden_size * mean_tokens
    return 6 * weights + 6 * attention
