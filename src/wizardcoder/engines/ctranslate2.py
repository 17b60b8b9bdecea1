"""Generation with CTranslate2: the fastest on a CPU, for the architectures that it knows.

A checkpoint is converted once, into `ctranslate2/` within its folder; a model of the hub, or a
folder that cannot be written, into a temporary one. Its random numbers belong to its threads: a
list of prompts and seeds gives equal texts each time, but not one of its prompts alone.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wizardcoder.engines.ending import checkpoints_ends
from wizardcoder.engines.engine import Sampled, Sampling, check_seeds
from wizardcoder.engines.prompting import encode
from wizardcoder.engines.stopping import before_stop, tail_tokens
from wizardcoder.errors import MissingDataError, MissingExtraError, UsageError
from wizardcoder.storage import text_digest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_COMPUTE = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
#: Tokens that a converted model has to name, and that a tokenizer need not have.
_NAMED = ("bos_token", "unk_token")


class _Asked(NamedTuple):
    place: int
    tokens: list[str]
    max_tokens: int


class CTranslate2Engine:
    """An Engine on a converted checkpoint. Use `load`."""

    own_seeds = False

    def __init__(
        self,
        converted: Path,
        tokenizer: PreTrainedTokenizerBase,
        *,
        ends: Sequence[int],
        positions: int | None = None,
        batch_size: int = 64,
        precision: str = "fp32",
    ) -> None:
        self._converted = converted
        self._tokenizer = tokenizer
        self._ends = list(ends)
        self._positions = positions
        self._batch_size = batch_size
        self._compute_type = _COMPUTE[precision]

    @classmethod
    def load(
        cls, checkpoint: Path | str, *, batch_size: int = 64, precision: str = "fp32"
    ) -> CTranslate2Engine:
        """The engine of a checkpoint folder or hub name; `precision` is fp32, bf16 or fp16.

        Raises MissingDataError when it cannot be loaded, UsageError when CTranslate2 does not know
        its architecture, MissingExtraError without CTranslate2.
        """
        try:
            import ctranslate2  # type: ignore[import-untyped]  # noqa: F401
            from transformers import AutoConfig, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError(error.name or "ctranslate2", "ctranslate2") from None
        try:
            config = AutoConfig.from_pretrained(checkpoint)
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        except (OSError, ValueError) as error:
            raise MissingDataError(
                f"{checkpoint}: cannot be loaded as a model: {str(error).strip().splitlines()[0]}"
            ) from None
        return cls(
            _converted(checkpoint),
            tokenizer,
            ends=checkpoints_ends(checkpoint, tokenizer),
            positions=getattr(config, "max_position_embeddings", None),
            batch_size=batch_size,
            precision=precision,
        )

    def generate(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        """See Engine. A prompt that leaves no position free gives an empty text, cut at once."""
        import ctranslate2

        check_seeds(prompts, sampling, seeds)
        ctranslate2.set_random_seed(int(text_digest(*seeds)[:8], 16))  # of threads to be started
        generator = ctranslate2.Generator(
            str(self._converted), device="auto", compute_type=self._compute_type
        )
        asked = self._asked(prompts, sampling)
        for (max_tokens, _), group in groupby(asked, lambda a: (a.max_tokens, len(a.tokens))):
            members = list(group)
            if max_tokens <= 0:
                yield from (Sampled(a.place, "", "length", 0) for a in members)
                continue
            for start in range(0, len(members), self._batch_size):
                yield from self._batch(
                    generator, members[start : start + self._batch_size], sampling
                )

    def _asked(self, prompts: Sequence[str], sampling: Sampling) -> list[_Asked]:
        """The prompts by the room that they leave, then by length.

        Only prompts of one length go into a batch: of a longer one, the tokens beyond the shortest
        come back as if they had been generated.
        """
        asked = []
        for index, ids in enumerate(encode(self._tokenizer, prompts, chat=sampling.chat)):
            room = sampling.max_tokens if self._positions is None else self._positions - len(ids)
            tokens = list(self._tokenizer.convert_ids_to_tokens(ids))
            asked.append(_Asked(index, tokens, min(room, sampling.max_tokens) if ids else 0))
        return sorted(asked, key=lambda a: (-a.max_tokens, len(a.tokens), a.place))

    def _batch(
        self, generator: Any, asked: Sequence[_Asked], sampling: Sampling
    ) -> Iterator[Sampled]:
        drawn = sampling.temperature > 0
        results = generator.generate_batch(
            [a.tokens for a in asked],
            max_length=asked[0].max_tokens,
            include_prompt_in_result=False,
            end_token=self._ends,
            return_end_token=True,
            sampling_topk=0 if drawn else 1,
            sampling_topp=sampling.top_p if drawn else 1.0,
            sampling_temperature=sampling.temperature if drawn else 1.0,
            callback=self._stopping(len(asked), sampling.stop),
        )
        for a, result in zip(asked, results, strict=True):
            yield self._sampled(a.place, result.sequences_ids[0], sampling.stop)

    def _stopping(self, rows: int, stops: Sequence[str]) -> Callable[[Any], bool] | None:
        """Says of each new token whether it ends its row; None without stop sequences."""
        if not stops:
            return None
        tails: list[list[int]] = [[] for _ in range(rows)]
        width = tail_tokens(stops)

        def ends(step: Any) -> bool:
            tail = tails[step.batch_id] = [*tails[step.batch_id], step.token_id][-width:]
            return before_stop(self._decode(tail), stops) is not None

        return ends

    def _sampled(self, index: int, tokens: list[int], stops: Sequence[str]) -> Sampled:
        ended = bool(tokens) and tokens[-1] in self._ends
        text = self._decode(tokens[:-1] if ended else tokens)
        before = before_stop(text, stops)
        reason = "stop" if ended or before is not None else "length"
        return Sampled(index, text if before is None else before, reason, len(tokens))

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, clean_up_tokenization_spaces=False))


def _converted(checkpoint: Path | str) -> Path:
    """The folder of the converted checkpoint, made when it is first asked for."""
    folder = Path(checkpoint) / "ctranslate2"
    if (folder / "model.bin").is_file():
        return folder
    if not Path(checkpoint).is_dir() or not os.access(checkpoint, os.W_OK):
        return _convert(checkpoint, Path(tempfile.mkdtemp(prefix="ctranslate2-")) / "model")
    fresh = folder.with_name(f".ctranslate2.{os.getpid()}")
    try:
        _convert(checkpoint, fresh)
        with suppress(OSError):  # another process was faster
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _convert(checkpoint: Path | str, folder: Path) -> Path:
    from ctranslate2.converters import (  # type: ignore[import-untyped]
        TransformersConverter,
    )
    from transformers import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        TransformersConverter(str(checkpoint)).convert(str(folder))
    except (ValueError, AttributeError, KeyError) as error:  # how it meets what it does not know
        raise UsageError(
            f"{checkpoint}: CTranslate2 does not take it: {str(error).strip().splitlines()[0]}; "
            "use generate.engine = 'transformers'"
        ) from None
    config = folder / "config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    names = {name: settings[name] or settings["eos_token"] for name in _NAMED if name in settings}
    config.write_text(json.dumps({**settings, **names}), encoding="utf-8")
    return folder
