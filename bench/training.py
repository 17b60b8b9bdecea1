"""This project's side of the training benchmarks, and the untrained models that all sides train.

    python bench/training.py CHECKPOINT SEEDS SECONDS PRECISION [cpu|gpu]

Prints {tokens, seconds, cpu_seconds} as JSON: tokens
that are not padding, after the warm-up.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

WARM_UP_STEPS = 3
END = "<|endoftext|>"
PADDING = "<|padding|>"


class Shape(NamedTuple):
    """A GPTBigCode, StarCoder's architecture."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    positions: int


CPU_MODEL = Shape(vocabulary=8192, width=256, layers=8, heads=4, positions=1024)
GPU_MODEL = Shape(vocabulary=49_152, width=2048, layers=24, heads=16, positions=8192)  # its 1B
#: Rows as the peers have them.
ROWS = {
    "cpu": {"length_tokens": 512, "rows_per_step": 4, "rows_per_batch": 4},
    "gpu": {"length_tokens": 2048, "rows_per_step": 32, "rows_per_batch": 8},
}


class Enough(Exception):
    """Raised when a side has trained for long enough."""


def main(checkpoint: Path, seeds: Path, seconds: float, precision: str, where: str) -> None:
    from wizardcoder.recipe import Train
    from wizardcoder.seeds import read_file
    from wizardcoder.train import fit

    options = Train.model_validate(
        {
            **ROWS[where],
            "precision": precision,
            "steps": 10_000,
            "checkpoint_seconds": 1e6,
        }
    )
    clock = Clock(seconds)
    with tempfile.TemporaryDirectory(dir=checkpoint.parent) as folder:
        out = Path(folder) / "model"
        try:
            fit(read_file(seeds).records, checkpoint, options, out, progress=clock)
        except Enough:
            print(json.dumps(clock.measured(out.with_name("model.partial") / "train.jsonl")))


class Clock:
    """A Progress that ends the training so many seconds after the warm-up."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.steps: dict[int, tuple[float, float]] = {}

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        if total is None:
            return  # records are being tokenised
        now = (time.monotonic(), time.process_time())
        self.steps[done] = now
        if done > WARM_UP_STEPS and now[0] - self.steps[WARM_UP_STEPS][0] >= self.seconds:
            raise Enough

    def measured(self, log: Path) -> dict[str, float]:
        """What the steps after the warm-up took; the log says how many tokens they had."""
        seen = [json.loads(line)["tokens"] for line in log.read_text().splitlines()]
        last = max(self.steps)
        wall, cpu = (
            after - before
            for before, after in zip(self.steps[WARM_UP_STEPS], self.steps[last], strict=True)
        )
        tokens = seen[last - 1] - seen[WARM_UP_STEPS - 1]
        return {"tokens": tokens, "seconds": wall, "cpu_seconds": cpu}


def make_checkpoint(folder: Path, shape: Shape, texts: Iterable[str]) -> int:
    """An untrained model with a tokenizer learnt from `texts`; returns its parameters."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM, PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(
        texts, vocab_size=shape.vocabulary, special_tokens=[END, PADDING], show_progress=False
    )
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe._tokenizer, eos_token=END, pad_token=PADDING
    )
    config = GPTBigCodeConfig(
        vocab_size=shape.vocabulary,
        n_positions=shape.positions,
        n_embd=shape.width,
        n_layer=shape.layers,
        n_head=shape.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    model = GPTBigCodeForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == "__main__":
    checkpoint, seeds, seconds, precision, *where = sys.argv[1:]
    main(Path(checkpoint), Path(seeds), float(seconds), precision, *(where or ["cpu"]))
