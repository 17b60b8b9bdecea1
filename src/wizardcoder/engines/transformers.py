"""Generation in process with transformers: batched by length, left-padded, end token honoured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizardcoder.engines.engine import Sampled, Sampling
from wizardcoder.errors import MissingDataError, MissingExtraError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class TransformersEngine:
    """An Engine on a causal language model in this process. Use `load` for a checkpoint."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        batch_size: int = 64,
    ) -> None:
        self.model = model.eval()  # type: ignore[no-untyped-call]
        self.tokenizer = tokenizer
        self.batch_size = batch_size

    @classmethod
    def load(
        cls, checkpoint: Path | str, *, batch_size: int = 64, precision: str = "fp32"
    ) -> TransformersEngine:
        """The engine of a checkpoint folder or hub name; `precision` is fp32, bf16 or fp16.

        Raises MissingDataError when it cannot be loaded, MissingExtraError without transformers.
        """
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer, logging
        except ImportError as error:
            raise MissingExtraError(error.name or "transformers", "train") from None
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
        try:
            model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtypes[precision])
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        except (OSError, ValueError) as error:
            raise MissingDataError(
                f"{checkpoint}: cannot be loaded as a model: {str(error).strip().splitlines()[0]}; "
                "give a checkpoint folder or the name of a causal language model on the hub"
            ) from None
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model.to(device)  # type: ignore[arg-type]
        return cls(model, tokenizer, batch_size=batch_size)

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int] = ()
    ) -> Iterator[Sampled]:
        """See Engine. A prompt that leaves no position free gives an empty text, cut at once."""
        asked = self._asked(prompts, sampling, seeds)
        for max_tokens, group in groupby(asked, key=lambda a: a.max_tokens):
            members = list(group)
            if max_tokens <= 0:
                yield from (Sampled(a.index, "", "length", 0) for a in members)
                continue
            for start in range(0, len(members), self.batch_size):
                yield from self._batch(members[start : start + self.batch_size], sampling)

    def _asked(
        self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]
    ) -> list[_Asked]:
        """The prompts as tokens, by length, with the room that each has for new tokens.

        Prompts of one batch share the room, so that no text depends on what it was batched with.
        """
        if sampling.temperature > 0 and len(seeds) != len(prompts):
            raise ValueError(f"{len(prompts)} prompts need as many seeds, got {len(seeds)}")
        positions = getattr(self.model.config, "max_position_embeddings", None)
        asked = []
        for index, ids in enumerate(self.tokenizer(list(prompts))["input_ids"] if prompts else ()):
            room = sampling.max_tokens if positions is None else positions - len(ids)
            seed = seeds[index] if seeds else 0
            asked.append(_Asked(index, ids, min(room, sampling.max_tokens), seed))
        return sorted(asked, key=lambda a: (-a.max_tokens, len(a.ids), a.index))

    def _batch(self, asked: Sequence[_Asked], sampling: Sampling) -> Iterator[Sampled]:
        import torch

        end = self.tokenizer.eos_token_id
        padding = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else end
        width = max(len(a.ids) for a in asked)
        ids = torch.tensor([[padding] * (width - len(a.ids)) + a.ids for a in asked])
        seen = torch.tensor([[0] * (width - len(a.ids)) + [1] * len(a.ids) for a in asked])
        with torch.inference_mode():
            new = self.model.generate(
                input_ids=ids.to(self.model.device),
                attention_mask=seen.to(self.model.device),
                max_new_tokens=asked[0].max_tokens,
                do_sample=False,
                num_beams=1,
                eos_token_id=end,
                pad_token_id=padding,
                logits_processor=_processors(asked, sampling),
            )[:, width:].tolist()
        for a, tokens in zip(asked, new, strict=True):
            yield self._sampled(a.index, tokens, end)

    def _sampled(self, index: int, tokens: list[int], end: int) -> Sampled:
        stopped = end in tokens
        kept = tokens[: tokens.index(end)] if stopped else tokens
        text = str(self.tokenizer.decode(kept, clean_up_tokenization_spaces=False))
        return Sampled(index, text, "stop" if stopped else "length", len(kept) + stopped)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt as tokens, its place among the prompts, and what may follow it."""

    index: int
    ids: list[int]
    max_tokens: int
    seed: int


def _processors(asked: Sequence[_Asked], sampling: Sampling) -> list[Any]:
    if sampling.temperature == 0:
        return []
    from transformers import TemperatureLogitsWarper, TopPLogitsWarper

    return [
        TemperatureLogitsWarper(sampling.temperature),
        TopPLogitsWarper(sampling.top_p),
        _OwnNoise([a.seed for a in asked]),
    ]


class _OwnNoise:
    """Turns greedy choice into sampling: adds Gumbel noise, from each row's own generator.

    The token of the highest noisy score is distributed as the softmax of the scores (the
    Gumbel-max trick), and depends on the row's seed only, not on the batch or a global generator.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        import torch

        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`input_ids` and `scores` are `(rows, time)` and `(rows, vocabulary)`."""
        import torch

        noise = torch.stack(
            [torch.empty(scores.shape[1]).exponential_(generator=g) for g in self.generators]
        ).clamp_min(torch.finfo(torch.float32).tiny)
        return scores - noise.log().to(scores.device)
