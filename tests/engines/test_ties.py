from __future__ import annotations

import torch

from wizardcoder.engines import Sampling, TransformersEngine
from wizardcoder.engines.ties import partings

PROMPTS = [f"def f{n}({'x, ' * (n % 5)}):\n    " for n in range(30)]


def test_greedy_in_batches_is_greedy_alone_but_for_ties(engine: TransformersEngine) -> None:
    assert all(parting.margin <= 1e-4 for parting in partings(engine, PROMPTS, 16))


def test_a_text_that_differs_is_found_where_it_does(engine: TransformersEngine) -> None:
    class Contrary(TransformersEngine):
        def finished(self, rows):  # type: ignore[no-untyped-def]
            for row in super().finished(rows):
                row.tokens[2] = (row.tokens[2] + 1) % 256
                yield row

    contrary = Contrary(engine.model, engine.tokenizer)
    (parting,) = partings(contrary, ["def f"], 6)
    assert (parting.prompt, parting.position) == (0, 2)
    assert parting.batched == (parting.alone + 1) % 256
    with torch.inference_mode():
        before = [*engine.tokenizer("def f")["input_ids"], *_first_tokens(engine, 2)]
        logits = engine.model(input_ids=torch.tensor([before])).logits[0, -1]
    assert parting.margin == abs(float(logits[parting.batched] - logits[parting.alone])) > 1e-4


def _first_tokens(engine: TransformersEngine, count: int) -> list[int]:
    row = engine.row(engine.tokenizer("def f")["input_ids"], Sampling(6))
    (finished,) = engine.finished([row])
    return finished.tokens[:count]
