"""The rows that a model is generating: they join and leave while the others go on.

batch = Batch(model)
scores = batch.admit([[5, 6], [7]])     logits of the next token, `(2, vocabulary)`
scores = batch.step([8, 9])             after these tokens, one for each row
batch.keep([1])                         the first row is finished

Rows end together at the right; what a row has less than the longest one is masked at the left.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel
    from transformers.cache_utils import DynamicCache


#: What a layer remembers of each row, `(rows, heads, width, head size)`.
_KEPT = ("keys", "values")


class Batch:
    """Rows in progress on a causal language model, empty at first.

    Raises UsageError for a model that keeps a state instead of keys and values.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        import torch

        if getattr(model, "_is_stateful", False):
            raise UsageError(
                f"{model.config.model_type}: keeps a state of its own instead of keys and values, "
                "which the transformers engine cannot join; use engine = 'vllm'"
            )
        self._model = model
        self._accepted = inspect.signature(model.forward).parameters
        self._cache: DynamicCache | None = None
        self._seen = torch.zeros(0, 0, dtype=torch.long, device=model.device)  # (rows, width)

    def __len__(self) -> int:
        return len(self._seen)

    def admit(self, prompts: Sequence[Sequence[int]]) -> torch.Tensor:
        """Add rows; equal prompts are read once. Returns the logits that follow the new rows."""
        import torch
        from transformers.cache_utils import DynamicCache

        unique = {tuple(prompt): None for prompt in prompts}
        place = {prompt: number for number, prompt in enumerate(unique)}
        width = max(map(len, unique))
        device = self._model.device
        ids = torch.tensor([[0] * (width - len(p)) + [*p] for p in unique], device=device)
        seen = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in unique], device=device)
        cache = DynamicCache()
        scores = self._forward(ids, seen, (seen.cumsum(-1) - 1).clamp_min(0), cache)
        rows = torch.tensor([place[tuple(prompt)] for prompt in prompts], device=device)
        if len(unique) < len(prompts):
            cache.batch_select_indices(rows)
        self._join(cache, seen[rows])
        return scores[rows]

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to each row; returns the logits that follow, `(rows, vocabulary)`."""
        import torch

        assert self._cache is not None, "admit rows first"
        one = self._seen.new_ones(len(self._seen), 1)
        self._seen = torch.cat([self._seen, one], 1)
        positions = self._seen.sum(-1, keepdim=True) - 1
        ids = torch.tensor(tokens, device=self._seen.device)[:, None]
        return self._forward(ids, self._seen, positions, self._cache)

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all rows but these, and the columns that none of them has seen."""
        import torch

        if not rows:
            self._cache, self._seen = None, self._seen[:0, :0]
            return
        assert self._cache is not None, "admit rows first"
        chosen = torch.tensor(rows, device=self._seen.device)
        self._seen = self._seen[chosen]
        lead = int(self._seen.argmax(-1).min())
        self._seen = self._seen[:, lead:]
        for layer in self._cache.layers:
            for name in _KEPT:
                setattr(layer, name, getattr(layer, name)[chosen, :, lead:])

    def _forward(
        self, ids: torch.Tensor, seen: torch.Tensor, positions: torch.Tensor, cache: DynamicCache
    ) -> torch.Tensor:
        import torch

        more: dict[str, Any] = {"position_ids": positions, "logits_to_keep": 1}
        with torch.inference_mode():
            logits: torch.Tensor = self._model(
                input_ids=ids,
                attention_mask=seen,
                past_key_values=cache,
                use_cache=True,
                **{name: value for name, value in more.items() if name in self._accepted},
            ).logits
        return logits[:, -1]

    def _join(self, cache: DynamicCache, seen: torch.Tensor) -> None:
        import torch
        from torch.nn.functional import pad

        if self._cache is None:
            self._cache, self._seen = cache, seen
            return
        width = max(self._seen.shape[1], seen.shape[1])
        for old, new in zip(self._cache.layers, cache.layers, strict=True):
            for name in _KEPT:
                parts = (getattr(old, name), getattr(new, name))
                wide = [pad(part, (0, 0, width - part.shape[2], 0)) for part in parts]
                setattr(old, name, torch.cat(wide))
        both = [pad(part, (width - part.shape[1], 0)) for part in (self._seen, seen)]
        self._seen = torch.cat(both)
