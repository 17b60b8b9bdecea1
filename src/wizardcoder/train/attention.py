"""Attention that goes document by document over a flat batch: no mask, no look across a border.

On a GPU it is PyTorch's varlen flash kernel. On a CPU documents of like lengths go together: each
group is padded at its end, where a causal mask hides it, and takes two matrix products with all
heads of a shared key folded into time. PyTorch's fused CPU kernel, called for each document, is
slower: its backward does badly on blocks this small (measured: LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wizardcoder.errors import TrainingError
from wizardcoder.train import shared_key
from wizardcoder.train.batches import make_batch
from wizardcoder.train.examples import Encoded
from wizardcoder.train.loss import label_logits
from wizardcoder.train.tokens import in_memory

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel

NAME = "wizardcoder-documents"
#: Those that take a flat batch and the borders of its documents; others need a mask.
FLAT = frozenset({NAME, "flash_attention_2", "flash_attention_3", "flex_attention"})
#: In standard deviations of the logits. Half precision rounds; a lost mask moves them by about 1.
MOST_PACKING_ERROR = 0.1
#: Documents share a group as long as the shortest has this share of the longest one's tokens.
LEAST_SHARE = 0.75
#: Groups are padded to a multiple of so many tokens: odd shapes cost bf16 products a seventh more.
ROUNDED = 16
#: Scores of one group at most, over heads and pairs of tokens: 2^23 in fp32 are 32 MB.
MOST_SCORES = 1 << 23


class Group(NamedTuple):
    """Documents that are computed together, padded to `tokens` each; `places` `(documents *
    tokens,)` are their rows in the flat batch (padding: any of them).
    """

    documents: int
    tokens: int
    places: torch.Tensor


class Grouping(NamedTuple):
    """All documents of a flat batch in groups; `back` `(time,)` says where in the groups, laid one
    after the other, each of its tokens is.
    """

    groups: tuple[Group, ...]
    back: torch.Tensor


def document_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    cu_seq_lens_q: torch.Tensor,
    max_length_q: int,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """What the heads read, `(1, time, heads, width)`: causal within each document.

    `query` is `(1, heads, time, width)`, `key` and `value` `(1, key heads, time, width)`;
    `cu_seq_lens_q` `(documents + 1,)` are the borders. Raises TrainingError for what only the
    model's own attention can do.
    """
    if unknown := [name for name in ("softcap", "s_aux") if others.get(name) is not None]:
        raise TrainingError(
            f"the base model's attention needs {unknown[0]}, which attention by document does not "
            "have; set train.attention = 'eager'"
        )
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    query, key = query.to(value.dtype), key.to(value.dtype)  # rotating them may have widened them
    window = sliding_window if sliding_window and sliding_window < max_length_q else None
    flat = (query[0].transpose(0, 1), key[0].transpose(0, 1), value[0].transpose(0, 1))
    if query.is_cuda:
        read = _varlen(flat, cu_seq_lens_q, max_length_q, scaling, window)
    else:
        read = _grouped(flat, tuple(cu_seq_lens_q.tolist()), scaling, window, dropout)
    return read[None], None


def choose_attention(model: PreTrainedModel, wanted: str, length_tokens: int, half: bool) -> str:
    """The implementation to train with: `wanted`, or for `auto` the fastest exact one here.

    `half`: whether it computes in 16 bits, as flash kernels must. Raises TrainingError where the
    model looks back less far than a row is long and the implementation could not know.
    """
    from transformers import AttentionInterface
    from transformers.utils.import_utils import is_flash_attn_2_available

    AttentionInterface.register(NAME, document_attention)
    AttentionInterface.register(shared_key.NAME, shared_key.shared_key_attention)
    if wanted == "auto":
        gpu = model.device.type != "cpu"
        if not gpu and shared_key.suits(model.config, length_tokens):
            return shared_key.NAME
        flash = "flash_attention_2" if is_flash_attn_2_available() else NAME
        wanted = flash if half and gpu else "sdpa" if gpu else NAME
    wanted = NAME if wanted == "documents" else wanted
    window = _window(model.config)
    if wanted not in FLAT and window is not None and window < length_tokens:
        raise TrainingError(
            f"the base model looks back {window} tokens only, which train.attention = '{wanted}' "
            f"would forget in rows of {length_tokens}; use train.attention = 'auto'"
        )
    return wanted


def check_packing(model: PreTrainedModel, padding: int) -> None:
    """Raises TrainingError when a document in a row would see the one before it, or feel it in
    any other way (a recurrent layer): its logits are compared with those that it has alone.
    """
    import torch

    flat = model.config._attn_implementation in FLAT
    lengths, size = (12, 9), min(model.config.get_text_config().vocab_size, 1000)
    draw = torch.Generator().manual_seed(0)
    documents = [torch.randint(size, (n,), generator=draw).numpy() for n in lengths]
    learnt = [np.arange(n) > 0 for n in lengths]
    data = in_memory([Encoded(*pair) for pair in zip(documents, learnt, strict=True)])
    training = model.training
    model.eval()  # type: ignore[no-untyped-call]
    try:
        with torch.no_grad():
            alone, packed = (
                label_logits(model, make_batch([row], data, padding, flat=flat).to(model.device))
                for row in ((1,), (0, 1))
            )
    except (RuntimeError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{_described(model)} cannot compute a packed row: {str(error).splitlines()[0]}; "
            "set train.attention to another one, 'sdpa' or 'eager'"
        ) from error
    model.train(training)
    labels = lengths[1] - 1
    off = (packed[0, -labels:] - alone[0]).abs().max() / alone.std()
    if not off < MOST_PACKING_ERROR:
        raise TrainingError(
            f"{_described(model)} mixes the documents of a packed row (logits off by {off:.2g} "
            "standard deviations); set train.attention to another one, 'sdpa' or 'eager'; a "
            "recurrent model cannot be trained on packed rows"
        )


def _described(model: PreTrainedModel) -> str:
    attention = model.config._attn_implementation
    return f"the base model ({model.config.model_type}) with attention '{attention}'"


def _window(config: PreTrainedConfig) -> int | None:
    """How many tokens a layer of the model looks back at most; None: all of them."""
    text = config.get_text_config()
    window = getattr(text, "sliding_window", None)
    if not getattr(text, "use_sliding_window", True):
        return None
    return window


Flat = tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]  # each (time, heads, width)


def _varlen(
    flat: Flat, borders: torch.Tensor, longest: int, scaling: float, window: int | None
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    query, key, value = flat
    read = varlen_attn(
        query,
        key,
        value,
        borders,
        borders,
        longest,
        longest,
        scale=scaling,
        window_size=(-1 if window is None else window - 1, 0),
        enable_gqa=query.shape[1] != key.shape[1],
    )
    assert not isinstance(read, tuple), "only with auxiliary results"
    return read


def _grouped(
    flat: Flat, borders: tuple[int, ...], scaling: float, window: int | None, dropout: float
) -> torch.Tensor:
    """Each group's documents side by side; `(time, heads, width)`."""
    import torch

    grouping = _grouping(borders, flat[0].shape[1])
    read = []
    for group in grouping.groups:
        shape = (group.documents, group.tokens)
        query, key, value = (
            x.index_select(0, group.places).view(*shape, *x.shape[1:]) for x in flat
        )
        found = _attend(query, key, value, scaling, window, dropout)
        read.append(found.flatten(0, 1))
    return torch.cat(read).index_select(0, grouping.back)


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scaling: float,
    window: int | None,
    dropout: float,
) -> torch.Tensor:
    """Causal attention of `(documents, tokens, heads, width)`; heads that share a key are folded
    into time, so that it takes one matrix product per key head.
    """
    import torch

    documents, tokens, heads, width = query.shape
    shared = key.shape[2]
    fold = heads // shared
    folded = (
        query.view(documents, tokens, shared, fold, width)
        .permute(0, 2, 3, 1, 4)
        .reshape(documents * shared, fold * tokens, width)
    )
    keys, values = (
        x.transpose(1, 2).reshape(documents * shared, tokens, width) for x in (key, value)
    )
    mask = _causal(tokens, window, fold, query.dtype, query.device)
    scores = torch.baddbmm(
        mask.expand(documents * shared, -1, -1), folded, keys.transpose(1, 2), alpha=scaling
    )
    weights = torch.nn.functional.dropout(scores.softmax(-1), dropout).to(values.dtype)
    read = torch.bmm(weights, values)
    return read.view(documents, heads, tokens, width).transpose(1, 2)


@lru_cache(maxsize=64)
def _causal(
    tokens: int, window: int | None, fold: int, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """0 where a token may look, -inf where not, `(fold * tokens, tokens)`."""
    import torch

    hidden = torch.ones(tokens, tokens, dtype=torch.bool, device=device).triu(1)
    if window is not None:
        hidden |= torch.ones_like(hidden).tril(-window)
    mask = torch.zeros(tokens, tokens, dtype=dtype, device=device)
    return mask.masked_fill_(hidden, float("-inf")).repeat(fold, 1)


@lru_cache(maxsize=8)
def _grouping(borders: tuple[int, ...], heads: int) -> Grouping:
    """The documents between `borders`, in groups of like length; the same for every layer."""
    import torch

    starts = np.array(borders[:-1])
    lengths = np.diff(borders)
    groups: list[list[int]] = []
    for index in np.argsort(-lengths, kind="stable").tolist():
        if not groups or not _fits(groups[-1], index, lengths, heads):
            groups.append([])
        groups[-1].append(index)
    made = [_group(starts[group], lengths[group]) for group in groups]
    back = np.empty(borders[-1], dtype=np.int64)
    begin = 0
    for group, inside in made:
        real = np.flatnonzero(inside)
        back[group.places.numpy()[real]] = begin + real
        begin += len(inside)
    return Grouping(tuple(group for group, _ in made), torch.from_numpy(back))


def _fits(group: Sequence[int], index: int, lengths: np.ndarray, heads: int) -> bool:
    longest = int(lengths[group[0]])
    scores = (len(group) + 1) * heads * longest**2
    return bool(lengths[index] >= LEAST_SHARE * longest) and scores <= MOST_SCORES


def _group(starts: np.ndarray, lengths: np.ndarray) -> tuple[Group, np.ndarray]:
    """The group, and which of its places are not padding."""
    import torch

    tokens = -(-int(lengths.max()) // ROUNDED) * ROUNDED
    offsets = np.arange(tokens)
    inside = offsets < lengths[:, None]
    places = starts[:, None] + np.where(inside, offsets, 0)
    return Group(len(starts), tokens, torch.from_numpy(places.ravel())), inside.ravel()
