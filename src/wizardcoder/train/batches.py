"""Rows as tensors: ids, restarting positions, targets of the responses only, document numbers.

The mask is explicit and four-dimensional. Restarting positions alone would do in transformers 5
only as long as no mask is passed and no cache is used; otherwise the documents of a row see each
other and nothing says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wizardcoder.train.examples import Encoded

if TYPE_CHECKING:
    import torch

#: The target of a position that nothing is learnt at.
IGNORED = -100


class Batch(NamedTuple):
    """Packed rows; every tensor is int64 of shape `(rows, time)`.

    `targets` holds at each position the token to be predicted *there* (the next one), or IGNORED.
    `documents` numbers the examples of a row from 1; 0 is padding.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    targets: torch.Tensor
    documents: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(tensor.to(device) for tensor in self))


def make_batch(
    rows: Sequence[Sequence[int]], examples: Sequence[Encoded], row_tokens: int, padding: int
) -> Batch:
    """The rows, each a list of positions in `examples`, side by side; `padding` fills them up."""
    import torch

    shape = (len(rows), row_tokens)
    ids = np.full(shape, padding, dtype=np.int64)
    positions = np.zeros(shape, dtype=np.int64)
    targets = np.full(shape, IGNORED, dtype=np.int64)
    documents = np.zeros(shape, dtype=np.int64)
    for r, row in enumerate(rows):
        start = 0
        for number, index in enumerate(row, 1):
            example = examples[index]
            end = start + len(example.ids)
            first = start + example.labels_from
            ids[r, start:end] = example.ids
            positions[r, start:end] = np.arange(end - start)
            targets[r, first - 1 : end - 1] = ids[r, first:end]
            documents[r, start:end] = number
            start = end
    return Batch(*(torch.from_numpy(a) for a in (ids, positions, targets, documents)))


def block_mask(documents: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """0 where a token may look, -inf where not: `(rows, 1, time, time)`, to be added to scores.

    A token sees itself and what stands before it in its own document. Padding sees padding, so
    that no row of the mask is empty (a softmax over nothing is NaN).
    """
    import torch

    time = documents.shape[1]
    earlier = torch.ones(time, time, dtype=torch.bool, device=documents.device).tril()
    seen = (documents[:, :, None] == documents[:, None, :]) & earlier
    mask = torch.zeros(seen.shape, dtype=dtype, device=documents.device)
    return mask.masked_fill_(~seen, float("-inf"))[:, None]
