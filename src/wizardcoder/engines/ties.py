"""Where generating in a batch differs from generating alone: at ties, and nowhere else.

Sums of numbers of limited precision depend on their order, and with it on the batch. Where two
tokens are equally likely up to that, either may be chosen, and the texts part there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from wizardcoder.engines.engine import Sampling
from wizardcoder.engines.prompting import encode
from wizardcoder.engines.transformers import TransformersEngine


class Parting(NamedTuple):
    """The first token at which the text of `prompts[prompt]` differs from that made alone.

    `margin`: by how much the model prefers one of the two, in logits, read alone.
    """

    prompt: int
    position: int
    batched: int
    alone: int
    margin: float


def partings(engine: TransformersEngine, prompts: Sequence[str], max_tokens: int) -> list[Parting]:
    """Where greedy texts in the engine's batches part from plain `generate` of one prompt."""
    sampling = Sampling(max_tokens)
    asked = enumerate(encode(engine.tokenizer, prompts))
    rows = [engine.row(ids, sampling, index=index) for index, ids in asked]
    found = []
    for row in engine.finished(rows):
        alone = _alone(engine, row.ids, row.max_tokens)
        pairs = enumerate(zip(row.tokens, alone, strict=False))
        parts = next(((at, a, b) for at, (a, b) in pairs if a != b), None)
        if parts is not None:
            before = [*row.ids, *alone[: parts[0]]]
            found.append(Parting(row.index, *parts, _margin(engine, before, *parts[1:])))
    return sorted(found)


def _alone(engine: TransformersEngine, ids: list[int], max_tokens: int) -> list[int]:
    import torch

    if max_tokens <= 0:
        return []
    given = torch.tensor([ids], device=engine.model.device)
    with torch.inference_mode(), _plain(engine):
        made = engine.model.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=max_tokens,
            do_sample=False,
        )
    tokens: list[int] = made[0, len(ids) :].tolist()
    return tokens


@contextmanager
def _plain(engine: TransformersEngine) -> Iterator[None]:
    """Without what the checkpoint says of sampling: a repetition penalty changes greedy texts."""
    from transformers import GenerationConfig

    said = engine.model.generation_config
    engine.model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=sorted(engine.ends), pad_token_id=engine.tokenizer.eos_token_id
    )
    try:
        yield
    finally:
        engine.model.generation_config = said


def _margin(engine: TransformersEngine, ids: list[int], one: int, other: int) -> float:
    import torch

    with torch.inference_mode():
        given = torch.tensor([ids], device=engine.model.device)
        logits = engine.model(input_ids=given).logits[0, -1].float()
    return float((logits[one] - logits[other]).abs())
