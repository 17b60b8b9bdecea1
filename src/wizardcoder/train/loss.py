"""The loss of packed rows: the sum over the response tokens, from logits made only where they are.

It goes through the model's own forward, so that what wraps a model (DDP, FSDP, adapters, scaled or
capped logits) has its say. Dividing by the labels of the whole optimizer step is for the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizardcoder.train.batches import IGNORED, Batch, block_mask

if TYPE_CHECKING:
    import torch


def loss(model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, int]:
    """The summed cross-entropy in fp32 of all targets, and how many there are.

    `batch` is flat exactly where the model's attention goes document by document
    (`attention.choose`), and lies on the model's device. A batch without targets has the loss 0.
    """
    import torch

    logits = label_logits(model, batch)
    targets = batch.targets.index_select(1, batch.learning)
    summed = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return summed, batch.labels


def label_logits(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """The logits `(rows, len(batch.learning), vocabulary)`."""
    made: torch.Tensor = model(
        input_ids=batch.ids,
        position_ids=batch.positions,
        use_cache=False,
        logits_to_keep=batch.learning,
        **_attention_arguments(model, batch),
    ).logits
    if made.shape[1] != len(batch.learning):  # a model that does not know `logits_to_keep`
        made = made.index_select(1, batch.learning)
    return made


def _attention_arguments(model: torch.nn.Module, batch: Batch) -> dict[str, torch.Tensor | int]:
    """What tells the attention where documents begin: their borders, or a mask of all pairs."""
    if batch.borders is None:
        return {"attention_mask": block_mask(batch.documents, _score_dtype(model, batch))}
    return {
        "cu_seq_lens_q": batch.borders,
        "cu_seq_lens_k": batch.borders,
        "max_length_q": batch.longest,
        "max_length_k": batch.longest,
    }


def _score_dtype(model: torch.nn.Module, batch: Batch) -> torch.dtype:
    """The type of the attention's scores: a mask must have it."""
    import torch

    kind = batch.ids.device.type
    if torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return next(model.parameters()).dtype
