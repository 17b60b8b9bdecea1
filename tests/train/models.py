"""Tiny untrained models of the architectures that packing is proved on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    GPTBigCodeConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
)

VOCABULARY = 50


def gpt_bigcode(**changes: Any) -> PreTrainedConfig:
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
        **changes,
    )


def llama(**changes: Any) -> PreTrainedConfig:
    return LlamaConfig(**_modern(), **changes)


def qwen2(**changes: Any) -> PreTrainedConfig:
    return Qwen2Config(**_modern(), **changes)


def mistral(**changes: Any) -> PreTrainedConfig:
    return MistralConfig(**_modern(), **changes)


def _modern() -> dict[str, Any]:
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "pad_token_id": 0,
    }


def make_model(
    config: Callable[[], PreTrainedConfig] | PreTrainedConfig, attention: str = "eager"
) -> PreTrainedModel:
    """An untrained model in fp32, far from its start, where attention hardly matters."""
    torch.manual_seed(0)
    made = config if isinstance(config, PreTrainedConfig) else config()
    model = AutoModelForCausalLM.from_config(made, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    model.set_attn_implementation(attention)
    return model
