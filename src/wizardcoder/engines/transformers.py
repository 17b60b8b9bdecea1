"""Generation in process with transformers: a batch whose finished rows make room for new ones."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.engines.choosing import choose
from wizardcoder.engines.decoding import Batch
from wizardcoder.engines.ending import end_tokens
from wizardcoder.engines.engine import Sampled, Sampling, check_seeds
from wizardcoder.engines.prompting import encode
from wizardcoder.engines.stopping import before_stop, tail_tokens
from wizardcoder.errors import MissingDataError, MissingExtraError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

#: New rows are read in together when this share of the batch is free: reading one costs a step.
_REFILL_SHARE = 1 / 8


@dataclass(slots=True, eq=False)
class Row:
    """A text in the making, with its own random numbers."""

    index: int
    ids: list[int]  # of the prompt
    sampling: Sampling
    max_tokens: int
    seed: int = 0
    tokens: list[int] = field(default_factory=list)
    finish_reason: str = ""  # "" while it goes on
    _random: random.Random | None = None

    def random(self) -> float:
        """The next random number in [0, 1): a function of the seed and of how many came before."""
        self._random = self._random or random.Random(self.seed)
        return self._random.random()


class TransformersEngine:
    """An Engine on a causal language model in this process. Use `load` for a checkpoint.

    `batch_size` rows at a time; a row that ends, at one of the tokens `ends`, makes room for the
    next prompt.
    """

    own_seeds = True

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
        self.ends = frozenset(end_tokens(tokenizer, model.generation_config.eos_token_id))

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
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        """See Engine. A prompt that leaves no position free gives an empty text, cut at once."""
        check_seeds(prompts, sampling, seeds)
        rows = [
            self.row(ids, sampling, seeds[index] if seeds else 0, index)
            for index, ids in enumerate(encode(self.tokenizer, prompts, chat=sampling.chat))
        ]
        for row in self.finished(rows):
            yield self.sampled(row)

    def row(self, ids: list[int], sampling: Sampling, seed: int = 0, index: int = 0) -> Row:
        """A row for the tokens of a prompt, with the room that the model has after them."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        room = sampling.max_tokens if positions is None else positions - len(ids)
        return Row(index, ids, sampling, min(room, sampling.max_tokens), seed)

    def finished(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The rows, each when it has come to its end; prompts of like length go in together."""
        yield from (ended(row, "length") for row in rows if row.max_tokens <= 0 or not row.ids)
        able = (row for row in rows if not row.finish_reason)
        waiting = deque(sorted(able, key=lambda row: (-len(row.ids), row.ids, row.index)))
        progress = Progressing(self)
        while waiting or progress.rows:
            free = self.batch_size - len(progress.rows)
            if waiting and (free >= self.batch_size * _REFILL_SHARE or not progress.rows):
                new = [waiting.popleft() for _ in range(min(free, len(waiting)))]
                yield from progress.admit(new)
            else:
                yield from progress.step()

    def advance(self, row: Row, token: int) -> None:
        """Add a token to a row, and end the row where it ends."""
        row.tokens.append(token)
        if token in self.ends or self._stops(row):
            row.finish_reason = "stop"
        elif len(row.tokens) >= row.max_tokens:
            row.finish_reason = "length"

    def sampled(self, row: Row) -> Sampled:
        """What a row has come to."""
        return Sampled(row.index, self.text(row), row.finish_reason, len(row.tokens))

    def text(self, row: Row) -> str:
        """The text of a row so far: before its end token or stop sequence."""
        kept = row.tokens
        if kept and kept[-1] in self.ends:
            kept = kept[:-1]
        text = self.decode(kept)
        before = before_stop(text, row.sampling.stop)
        return text if before is None else before

    def _stops(self, row: Row) -> bool:
        stops = row.sampling.stop
        if not stops:
            return False
        tail = self.decode(row.tokens[-tail_tokens(stops) :])
        return before_stop(tail, stops) is not None

    def decode(self, tokens: list[int]) -> str:
        """The text of tokens, as it is: special ones are written out."""
        return str(self.tokenizer.decode(tokens, clean_up_tokenization_spaces=False))


class Progressing:
    """The rows of one batch in progress, with the model's memory of them."""

    def __init__(self, engine: TransformersEngine) -> None:
        self.rows: list[Row] = []
        self._engine = engine
        self._batch = Batch(engine.model)

    def admit(self, rows: Sequence[Row]) -> list[Row]:
        """Read in new rows and choose their first tokens; returns the rows that ended."""
        self.rows += rows
        return self._advance(self._batch.admit([row.ids for row in rows]), rows)

    def step(self) -> list[Row]:
        """Choose the next token of every row; returns the rows that ended."""
        return self._advance(self._batch.step([row.tokens[-1] for row in self.rows]), self.rows)

    def drop(self, rows: Sequence[Row]) -> None:
        """Forget rows that nobody waits for."""
        for row in rows:
            ended(row, "dropped")
        self._compact()

    def _advance(self, scores: torch.Tensor, rows: Sequence[Row]) -> list[Row]:
        for row, token in zip(rows, choose(scores, rows), strict=True):
            self._engine.advance(row, token)
        done = [row for row in rows if row.finish_reason]
        if done:
            self._compact()
        return done

    def _compact(self) -> None:
        going = [number for number, row in enumerate(self.rows) if not row.finish_reason]
        self._batch.keep(going)
        self.rows = [self.rows[number] for number in going]


def ended(row: Row, finish_reason: str) -> Row:
    """The row, at its end."""
    row.finish_reason = finish_reason
    return row
