"""The released script's way to train: fp32, padded to the longest of a batch, the loss over all
positions with the prompt and the padding masked.

python script_train.py CHECKPOINT DATA.json SECONDS

DATA.json is a list of {prompt, response}. Prints {tokens, seconds, cpu_seconds} as JSON: tokens
that are not padding, after the warm-up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from clock import Clock
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
)

LENGTH_TOKENS = 2048
BATCH = 16  # per device, as in the README of the release
IGNORED = -100


def main(checkpoint: str, data: Path, seconds: float) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    rows = [encode(tokenizer, **row) for row in json.loads(data.read_text())]
    clock = Clock(seconds)

    def collate(batch: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        ids = [row["input_ids"] for row in batch]
        clock.count(sum(map(len, ids)))
        padded = pad_sequence(ids, batch_first=True, padding_value=tokenizer.pad_token_id)
        labels = pad_sequence(
            [row["labels"] for row in batch], batch_first=True, padding_value=IGNORED
        )
        mask = padded.ne(tokenizer.pad_token_id)
        return {"input_ids": padded, "labels": labels, "attention_mask": mask}

    options = TrainingArguments(
        output_dir=str(data.parent / "script"),
        per_device_train_batch_size=BATCH,
        num_train_epochs=100,
        learning_rate=2e-5,
        warmup_steps=30,
        lr_scheduler_type="cosine",
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    Trainer(
        model=model, args=options, train_dataset=rows, data_collator=collate, callbacks=[clock]
    ).train()
    print(json.dumps(clock.measured()))


def encode(
    tokenizer: PreTrainedTokenizerBase, prompt: str, response: str
) -> dict[str, torch.Tensor]:
    """Prompt, response and end token in one text, the prompt's tokens not learnt."""
    text = f"{prompt}{response}{tokenizer.eos_token}"
    options = {"max_length": LENGTH_TOKENS, "truncation": True, "return_tensors": "pt"}
    ids = tokenizer(text, **options)["input_ids"][0]
    labels = ids.clone()
    labels[: len(tokenizer(prompt)["input_ids"])] = IGNORED
    return {"input_ids": ids, "labels": labels}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
