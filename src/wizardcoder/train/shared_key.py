"""Attention for very short packed rows of a multi-query model on a CPU, with a mask.

With one key shared by all heads, heads fold into time and a row needs two matrix products. On rows
of 128 tokens that hold a few documents, hiding pairs costs less than taking the documents apart
(`attention`); on rows of 512 it is the other way round (measured: LOG.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig

NAME = "wizardcoder-shared-key"
#: Beyond this many tokens per row, the scores (rows, heads, time, time) cost more than they save.
LONGEST_ROW_TOKENS = 192


def shared_key_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """What the heads read, `(rows, time, heads, width)`.

    `query` is `(rows, heads, time, width)`, `key` and `value` `(rows, 1, time, width)`;
    `attention_mask`, `(rows, 1, time, time)`, is added to the scores.
    """
    import torch

    assert attention_mask is not None, "packed rows need their mask"
    rows, heads, time, width = query.shape
    mask = attention_mask.expand(rows, heads, time, time).reshape(rows, heads * time, time)
    folded = query.reshape(rows, heads * time, width)
    scores = torch.baddbmm(mask, folded, key[:, 0].transpose(1, 2), alpha=scaling)
    weights = torch.nn.functional.dropout(scores.softmax(-1), dropout, module.training)
    read = torch.bmm(weights.to(value.dtype), value[:, 0])
    return read.view(rows, heads, time, width).transpose(1, 2).contiguous(), None


def suits(config: PreTrainedConfig, length_tokens: int) -> bool:
    """Whether rows of this length are computed fastest like this."""
    shared = config.model_type == "gpt_bigcode" and config.multi_query
    return shared and length_tokens <= LONGEST_ROW_TOKENS
