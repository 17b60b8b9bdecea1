"""An exported folder for older software: the old names beside the new ones, and the same model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

from tests.engines import chat_models
from wizardcoder.export.portable import make_portable, old_tokenizer_names, with_old_rotary_names

THETA = {"rope_theta": 1e6, "rope_type": "default"}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5e5,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def added(**config: Any) -> dict[str, Any]:
    """What is said besides of a configuration, which itself stays."""
    found = with_old_rotary_names(config)
    assert found.items() >= config.items()
    return {k: v for k, v in found.items() if k not in config}


def test_the_base_of_rotary_positions_has_its_old_name_as_well() -> None:
    assert added(model_type="qwen2", rope_parameters=THETA) == {"rope_theta": 1e6}


def test_positions_that_are_stretched_have_their_old_table_as_well() -> None:
    scaling = {k: v for k, v in LLAMA3.items() if k != "rope_theta"}
    assert added(model_type="llama", rope_parameters=LLAMA3) == {
        "rope_theta": 5e5,
        "rope_scaling": scaling,
    }


def test_a_model_that_turns_a_part_of_each_head_says_so_by_its_old_name() -> None:
    half = {**THETA, "partial_rotary_factor": 0.5}
    assert added(model_type="phi", rope_parameters=half)["partial_rotary_factor"] == 0.5
    old = {"rotary_pct": 0.5, "rotary_emb_base": 1e6}
    assert added(model_type="gpt_neox", rope_parameters=half) == old


@pytest.mark.parametrize("table", [None, {}, {"full_attention": THETA, "sliding_attention": THETA}])
def test_other_positions_are_left_as_they_are(table: object) -> None:
    assert added(model_type="gemma3_text", rope_parameters=table) == {}


def test_a_tokenizer_is_named_as_transformers_4_knows_it() -> None:
    new = {"tokenizer_class": "TokenizersBackend", "extra_special_tokens": ["<|im_end|>"]}
    old = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "additional_special_tokens": ["<|im_end|>"],
    }
    assert old_tokenizer_names(new) == old
    kept = {"tokenizer_class": "Qwen2Tokenizer", "extra_special_tokens": {"image": "<image>"}}
    assert old_tokenizer_names(kept) == kept


@pytest.mark.parametrize("positions", [THETA, LLAMA3])
def test_the_same_model_and_tokenizer_are_read_from_it(
    positions: dict[str, Any], tmp_path: Path
) -> None:
    tokenizer = chat_models.tokenizer("llama")
    config = chat_models.config("llama", len(tokenizer), rope_parameters=positions)
    assert isinstance(config, LlamaConfig)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    make_portable(tmp_path, "base")
    assert (
        json.loads((tmp_path / "config.json").read_text())["rope_theta"] == positions["rope_theta"]
    )
    again = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    read = AutoTokenizer.from_pretrained(tmp_path)
    assert read.all_special_tokens == tokenizer.all_special_tokens
    ids = tokenizer("def f(x):<|eot_id|>", return_tensors="pt")["input_ids"]
    assert read("def f(x):<|eot_id|>", return_tensors="pt")["input_ids"].equal(ids)
    with torch.no_grad():
        assert torch.equal(again(input_ids=ids).logits, model(input_ids=ids).logits)
