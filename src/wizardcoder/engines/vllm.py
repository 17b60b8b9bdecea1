"""Generation with vLLM, on this machine's GPUs. Not yet run on real hardware.

vLLM pins a torch of its own, so it lives in an environment of its own: docs/models.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizardcoder.engines.ending import checkpoints_ends
from wizardcoder.engines.engine import Sampled, Sampling, check_seeds
from wizardcoder.engines.prompting import encode
from wizardcoder.engines.stopping import before_stop
from wizardcoder.errors import MissingDataError, MissingExtraError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
#: Prompts that are handed over at once: results come when the slowest of them is finished.
_AT_ONCE = 1024


class VllmEngine:
    """An Engine on a `vllm.LLM`. Use `load` for a checkpoint. Each request has its own seed."""

    own_seeds = True

    def __init__(
        self,
        llm: Any,
        tokenizer: PreTrainedTokenizerBase,
        *,
        ends: Sequence[int],
        positions: int,
    ) -> None:
        self._llm = llm
        self._tokenizer = tokenizer
        self._ends = list(ends)
        self._positions = positions

    @classmethod
    def load(cls, checkpoint: Path | str, *, precision: str | None = None) -> VllmEngine:
        """The engine of a checkpoint folder or hub name; `precision` is fp32, bf16, fp16, or None:
        that of the checkpoint, of which vLLM halves fp32.

        Raises MissingExtraError without vLLM, MissingDataError when it cannot load the model.
        """
        try:
            import vllm  # type: ignore[import-not-found,unused-ignore]
            from transformers import AutoTokenizer
        except ImportError as error:
            raise MissingExtraError(error.name or "vllm", "vllm") from None
        try:
            llm = vllm.LLM(model=str(checkpoint), dtype=_DTYPES[precision] if precision else "auto")
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
            ends = checkpoints_ends(checkpoint, tokenizer)
        except (OSError, RuntimeError, ValueError) as error:
            raise MissingDataError(f"{checkpoint}: vLLM cannot load it: {error}") from None
        positions = llm.llm_engine.model_config.max_model_len
        return cls(llm, tokenizer, ends=ends, positions=positions)

    def generate(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        seeds: Sequence[int] = (),
        samples: Sequence[int] = (),
    ) -> Iterator[Sampled]:
        """See Engine. A prompt that leaves no position free gives an empty text, cut at once."""
        check_seeds(prompts, sampling, seeds)
        asked = list(enumerate(encode(self._tokenizer, prompts, chat=sampling.chat)))
        able = [(index, ids) for index, ids in asked if 0 < len(ids) < self._positions]
        yield from (Sampled(i, "", "length", 0) for i, ids in asked if (i, ids) not in able)
        for start in range(0, len(able), _AT_ONCE):
            part = able[start : start + _AT_ONCE]
            wanted = [
                self._parameters(
                    sampling, seeds[index] if seeds else None, self._positions - len(ids)
                )
                for index, ids in part
            ]
            given = [{"prompt_token_ids": ids} for _, ids in part]
            made = self._llm.generate(given, wanted, use_tqdm=False)
            for (index, _), output in zip(part, made, strict=True):
                yield self._sampled(index, output.outputs[0], sampling.stop)

    def _parameters(self, sampling: Sampling, seed: int | None, room: int) -> Any:
        from vllm import SamplingParams

        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p if sampling.temperature > 0 else 1.0,
            max_tokens=min(sampling.max_tokens, room),
            stop=list(sampling.stop),
            stop_token_ids=self._ends,
            seed=seed,
        )

    def _sampled(self, index: int, made: Any, stops: Sequence[str]) -> Sampled:
        """A text from its tokens, as the other engines write it: vLLM leaves special ones out."""
        tokens = list(made.token_ids)
        kept = tokens[:-1] if tokens and tokens[-1] in self._ends else tokens
        text = str(self._tokenizer.decode(kept, clean_up_tokenization_spaces=False))
        before = before_stop(text, stops)
        return Sampled(index, text if before is None else before, made.finish_reason, len(tokens))
