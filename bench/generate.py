"""Sampling from a 7.9 M parameter GPTBigCode: this engine against plain `generate`.

    OMP_NUM_THREADS=1 python bench/generate.py [--prompts 256] [--samples 1] [--batch 32]

Every side answers the same prompts (the miniature's instructions, in Alpaca's template) with the
same model, untrained, whose end token is made so likely that a drawn text ends after about 60 of
at most 256 tokens; a greedy one never ends, so there every side makes as many tokens. Sides:
transformers' batched `generate` in the prompts' order, and sorted by length (its best), this
engine, and `generate` one by one on a part of the prompts. Prints new tokens per CPU-second, end
token included; then where this engine's greedy texts part from those made one by one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedTokenizerFast

from measure import machine
from wizardcoder import miniature, prompts
from wizardcoder.engines import Sampling, TransformersEngine
from wizardcoder.engines.ties import partings
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer

_MAX_TOKENS = 256
_SHARE_OF_END = 1 / 60
_ALONE = 16  # prompts that are generated one by one


class Speed(NamedTuple):
    """What one side made, and the CPU time that it took."""

    texts: int
    tokens: int
    cpu_seconds: float

    def __str__(self) -> str:
        made = f"{self.texts:5} texts {self.tokens:7} tokens {self.cpu_seconds:7.1f} CPU-s"
        return f"{made} {self.tokens / self.cpu_seconds:7.0f}/s"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--samples", type=int, default=1, help="drawn texts of each prompt")
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    asked = [
        prompts.alpaca(record.instruction)
        for record in miniature.seeds(options.prompts)
        for _ in range(options.samples)
    ]
    drawn = Sampling(_MAX_TOKENS, temperature=1.0, top_p=0.95)
    compare("drawn", make_engine(options.batch, ends=True), asked, drawn)
    engine = make_engine(options.batch, ends=False)
    compare("greedy", engine, asked[:: options.samples], Sampling(_MAX_TOKENS))
    found = partings(engine, asked[:: options.samples][:64], 64)
    print(f"greedy, batched against alone: {len(found)} of 64 texts part")
    for parting in found:
        print(f"  {parting}")
    print(machine())


def compare(
    name: str, engine: TransformersEngine, asked: Sequence[str], sampling: Sampling
) -> None:
    """Print what each side takes for the same texts."""
    by_length = sorted(asked, key=lambda prompt: len(engine.tokenizer(prompt)["input_ids"]))
    plain = {
        "transformers, in order": lambda: plainly(engine, asked, sampling, engine.batch_size),
        "transformers, by length": lambda: plainly(engine, by_length, sampling, engine.batch_size),
        "this engine": lambda: ours(engine, asked, sampling),
        "transformers, one by one": lambda: plainly(engine, asked[:_ALONE], sampling, 1),
    }
    ours(engine, asked[: engine.batch_size], Sampling(8))  # what is loaded at first use
    for side, work in plain.items():
        print(f"{name:7} {side:25} {measured(work)}", flush=True)


def measured(work: Callable[[], list[int]]) -> Speed:
    """How fast texts are made; `work` returns their lengths in tokens."""
    began = time.process_time()
    lengths = work()
    return Speed(len(lengths), sum(lengths), time.process_time() - began)


def ours(engine: TransformersEngine, asked: Sequence[str], sampling: Sampling) -> list[int]:
    return [s.tokens for s in engine.generate(asked, sampling, range(len(asked)))]


def plainly(
    engine: TransformersEngine, asked: Sequence[str], sampling: Sampling, batch: int
) -> list[int]:
    """The way of a script: `generate` on batches that are padded on the left."""
    drawn = sampling.temperature > 0
    how = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
    tokenizer, lengths = engine.tokenizer, []
    torch.manual_seed(0)
    for start in range(0, len(asked), batch):
        given = tokenizer(
            list(asked[start : start + batch]),
            return_tensors="pt",
            padding=True,
            padding_side="left",
        )
        with torch.inference_mode():
            made = engine.model.generate(
                **given,
                max_new_tokens=sampling.max_tokens,
                do_sample=drawn,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
                **(how if drawn else {}),
            )
        new = made[:, given["input_ids"].shape[1] :]
        lengths += (new != tokenizer.pad_token_id).sum(-1).tolist()
    return lengths


def make_engine(batch: int, *, ends: bool) -> TransformersEngine:
    """An untrained model of 7.9 M parameters; `ends`: one that comes to an end now and then."""
    texts = [f"{record.instruction}\n{record.response}" for record in miniature.seeds(500)]
    tokenizer = make_tokenizer(texts, 8192)
    model = make_model(TinyBase(width=296, layers=8, heads=8, positions=1024), tokenizer)
    if ends:
        _make_ends(model, tokenizer, prompts.alpaca(texts[0]))
    size = sum(parameter.numel() for parameter in model.parameters())
    print(f"{size / 1e6:.1f} M parameters, {len(tokenizer)} tokens, batch {batch}")
    return TransformersEngine(model, tokenizer, batch_size=batch)


def _make_ends(model: Any, tokenizer: PreTrainedTokenizerFast, prompt: str) -> None:
    """Shift the last layer's bias until the end token has its share after a prompt."""
    embeddings = model.get_input_embeddings().weight
    end = embeddings[tokenizer.eos_token_id].detach()
    ids = torch.tensor([tokenizer(prompt)["input_ids"]])
    low, high = 0.0, 50.0
    with torch.no_grad():
        for _ in range(30):
            middle = (low + high) / 2
            model.transformer.ln_f.bias.copy_(middle * end / end.norm())
            shares = model(input_ids=ids).logits[0, -1].softmax(-1)
            rare = shares[tokenizer.eos_token_id] < _SHARE_OF_END
            low, high = (middle, high) if rare else (low, middle)


if __name__ == "__main__":
    main()
