"""Generation with vLLM, on this machine's GPUs. Not yet run on real hardware."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizardcoder.engines.engine import Sampled, Sampling, check_seeds
from wizardcoder.engines.prompting import encode
from wizardcoder.errors import MissingDataError, MissingExtraError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
#: Prompts that are handed over at once: results come when the slowest of them is finished.
_AT_ONCE = 1024


class VllmEngine:
    """An Engine on a `vllm.LLM`. Use `load` for a checkpoint. Each request has its own seed."""

    own_seeds = True

    def __init__(self, llm: Any, tokenizer: PreTrainedTokenizerBase, positions: int) -> None:
        self._llm = llm
        self._tokenizer = tokenizer
        self._positions = positions

    @classmethod
    def load(cls, checkpoint: Path | str, *, precision: str = "bf16") -> VllmEngine:
        """The engine of a checkpoint folder or hub name; `precision` is fp32, bf16 or fp16.

        Raises MissingExtraError without vLLM, MissingDataError when it cannot load the model.
        """
        try:
            import vllm  # type: ignore[import-not-found,unused-ignore]
            from transformers import AutoTokenizer
        except ImportError as error:
            raise MissingExtraError(error.name or "vllm", "vllm") from None
        try:
            llm = vllm.LLM(model=str(checkpoint), dtype=_DTYPES[precision])
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        except (OSError, RuntimeError, ValueError) as error:
            raise MissingDataError(f"{checkpoint}: vLLM cannot load it: {error}") from None
        return cls(llm, tokenizer, llm.llm_engine.model_config.max_model_len)

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
                _parameters(sampling, seeds[index] if seeds else None, self._positions - len(ids))
                for index, ids in part
            ]
            given = [{"prompt_token_ids": ids} for _, ids in part]
            made = self._llm.generate(given, wanted, use_tqdm=False)
            for (index, _), output in zip(part, made, strict=True):
                text = output.outputs[0]
                yield Sampled(index, text.text, text.finish_reason, len(text.token_ids))


def _parameters(sampling: Sampling, seed: int | None, room: int) -> Any:
    from vllm import SamplingParams

    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p if sampling.temperature > 0 else 1.0,
        max_tokens=min(sampling.max_tokens, room),
        stop=list(sampling.stop),
        seed=seed,
    )
