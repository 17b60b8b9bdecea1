"""Texts as vectors: an encoder of Transformers, its last layer averaged over a text's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from wizardcoder.errors import MissingDataError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Longer texts are cut: what encoders of sentences are trained for.
_MOST_TOKENS = 512
_TEXTS_PER_BATCH = 32


class Encoder:
    """An encoder, ready: texts in, unit vectors out, (texts, width) in float32."""

    def __init__(self, model: PreTrainedModel, tokenizer: Any) -> None:
        self._model = model.eval()  # type: ignore[no-untyped-call]
        self._tokenizer = tokenizer
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        tokenizer.padding_side = "right"
        positions = getattr(model.config, "max_position_embeddings", None) or _MOST_TOKENS
        self._most_tokens = min(_MOST_TOKENS, positions, tokenizer.model_max_length)

    @classmethod
    def load(cls, model: str) -> Self:
        """The encoder in a checkpoint folder, or of that name on the hub.

        Raises UsageError for no name, MissingExtraError without the extra `train`, and
        MissingDataError for what is no model.
        """
        if not model:
            raise UsageError(
                "clean.embedding is enabled and names no encoder: set clean.embedding.model to a "
                "checkpoint folder or to the name of an encoder on the hub"
            )
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer, logging
        except ImportError as error:
            raise MissingExtraError(error.name or "transformers", "train") from None
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            tokenizer = AutoTokenizer.from_pretrained(model)
            loaded = AutoModel.from_pretrained(model, dtype=torch.float32)
        except (OSError, ValueError) as error:
            raise MissingDataError(
                f"clean.embedding.model: {model} cannot be loaded as an encoder: "
                f"{str(error).strip().splitlines()[0]}"
            ) from None
        return cls(loaded.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of the texts; of an empty one the zero vector."""
        vectors = np.zeros((len(texts), self._model.config.hidden_size), np.float32)
        by_length = sorted((n for n in range(len(texts)) if texts[n]), key=lambda n: len(texts[n]))
        for start in range(0, len(by_length), _TEXTS_PER_BATCH):
            batch = by_length[start : start + _TEXTS_PER_BATCH]
            vectors[batch] = self._embed([texts[n] for n in batch])
        return vectors

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        given = self._tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self._most_tokens,
            return_tensors="pt",
        ).to(self._model.device)
        mask = given["attention_mask"]  # (texts, tokens)
        with torch.inference_mode():
            states = self._model(input_ids=given["input_ids"], attention_mask=mask)[0]
        weights = mask.unsqueeze(-1).to(states.dtype)
        means = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        unit = torch.nn.functional.normalize(means.float(), dim=-1)
        found: NDArray[np.float32] = unit.cpu().numpy()
        return found
