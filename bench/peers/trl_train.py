"""TRL's SFTTrainer in one of its settings, without gradient checkpointing.

python trl_train.py CHECKPOINT DATA.json SECONDS SETTING PRECISION

DATA.json is a list of {prompt, response}. SETTING: see SETTINGS; PRECISION: bf16 or fp32. Prints
{tokens, seconds, cpu_seconds} as JSON: tokens that are not padding, after the warm-up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from clock import Clock
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.import_utils import is_flash_attn_2_available
from trl import SFTConfig, SFTTrainer

Batch = dict[str, torch.Tensor]

LENGTH_TOKENS = 512
#: A step sees 16 examples or 4 rows of 512 tokens, about as many tokens. Padding-free takes no
#: longest length; no example of Code Alpaca 2k is longer than the model has positions.
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"per_device_train_batch_size": 16},
    "length-grouped": {
        "per_device_train_batch_size": 16,
        "train_sampling_strategy": "group_by_length",
    },
    "padding-free": {"per_device_train_batch_size": 16, "padding_free": True, "max_length": None},
    "padding-free, 4 at a time": {
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 4,
        "padding_free": True,
        "max_length": None,
    },
    "packing": {"per_device_train_batch_size": 4, "packing": True},
    "packing, 1 at a time": {
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 4,
        "packing": True,
    },
    "packing on a GPU": {
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 4,
        "packing": True,
        "max_length": 2048,
    },
}


def main(checkpoint: str, data: Path, seconds: float, setting: str, precision: str) -> None:
    rows = json.loads(data.read_text())
    options = SFTConfig(
        output_dir=str(data.parent / "trl"),
        num_train_epochs=100,
        learning_rate=2e-5,
        warmup_steps=30,
        lr_scheduler_type="cosine",
        bf16=precision == "bf16",
        gradient_checkpointing=False,
        completion_only_loss=True,
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        use_cpu=not torch.cuda.is_available(),
        disable_tqdm=True,
        **{"max_length": LENGTH_TOKENS, **SETTINGS[setting]},
    )
    clock = Clock(seconds)
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(
            checkpoint,
            dtype=torch.float32,
            attn_implementation=(
                "flash_attention_2"
                if torch.cuda.is_available() and is_flash_attn_2_available()
                else "sdpa"
            ),
        ),
        processing_class=AutoTokenizer.from_pretrained(checkpoint),
        args=options,
        train_dataset=Dataset.from_list(
            [{"prompt": row["prompt"], "completion": row["response"]} for row in rows]
        ),
        callbacks=[clock],
    )
    trainer.data_collator = counting(trainer.data_collator, clock)
    trainer.train()
    print(json.dumps(clock.measured()))


def counting(collate: Callable[[Any], Batch], clock: Clock) -> Callable[[Any], Batch]:
    """The collator, and the clock sees its tokens; a batch without a mask has no padding."""

    def counted(rows: Any) -> Batch:
        batch = collate(rows)
        mask = batch.get("attention_mask")
        clock.count(batch["input_ids"].numel() if mask is None else int(mask.sum()))
        return batch

    return counted


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5])
