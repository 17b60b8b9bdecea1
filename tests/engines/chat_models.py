"""Tiny models that are asked in chat as Qwen2.5 and Llama 3 are: an answer's end is not the text's.

checkpoint(folder, "qwen2")     a base model: untrained, with the sampling habits of its publisher
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    GenerationConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from wizardcoder.train.tiny import make_tokenizer

_QWEN2 = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
_LLAMA3 = (
    "{%- for message in messages %}"
    "{%- set said = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' %}"
    "{{- bos_token + said if loop.first else said }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
    "{%- endif %}"
)
_TEMPLATES = {"qwen2": _QWEN2, "llama": _LLAMA3}
_MARKS = {
    "qwen2": ["<|im_start|>", "<|im_end|>"],
    "llama": ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
}
#: The token that ends an answer, and is not the tokenizer's end token.
ANSWER_ENDS = {"qwen2": "<|im_end|>", "llama": "<|eot_id|>"}
KINDS = sorted(ANSWER_ENDS)


def tokenizer(kind: str) -> PreTrainedTokenizerFast:
    """A small tokenizer with the marks and the chat template of its kind."""
    made = make_tokenizer(["def total(xs):\n    return sum(xs)\n"] * 20, 300)
    made.add_special_tokens({"additional_special_tokens": _MARKS[kind]})
    if kind == "llama":
        made.bos_token = "<|begin_of_text|>"
    made.chat_template = _TEMPLATES[kind]
    return made


def config(kind: str, vocabulary: int, **changes: object) -> PreTrainedConfig:
    """Two layers with rotary positions, and two heads that share a key."""
    shape = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    }
    return {"qwen2": Qwen2Config, "llama": LlamaConfig}[kind](**{**shape, **changes})


def checkpoint(folder: Path, kind: str, *, scale: float = 1.0) -> Path:
    """A folder with such a model; `scale` multiplies its weights, so that choices become clear."""
    asked = tokenizer(kind)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = config(kind, len(asked), eos_token_id=asked.eos_token_id)
        model = AutoModelForCausalLM.from_config(made, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=0.7,
        top_k=20,
        repetition_penalty=1.5,
        eos_token_id=asked.eos_token_id,
    )
    model.save_pretrained(folder)
    asked.save_pretrained(folder)
    return folder
