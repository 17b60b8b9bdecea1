"""Packed rows as tensors: ids, restarting positions, targets of the responses, and their documents.

A batch comes in one of two layouts. `flat`: the documents one after the other in a single row,
without padding, and where each begins; for attention that goes document by document. Else `(rows,
time)` with padding, for attention that needs a four-dimensional mask. The mask is explicit:
restarting positions alone would do in transformers 5 only as long as no mask is passed and no cache
is used; otherwise the documents of a row see each other and nothing says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wizardcoder.train.packing import Row
from wizardcoder.train.plan import Step, share
from wizardcoder.train.tokens import Tokens

if TYPE_CHECKING:
    import torch

#: The target of a position that nothing is learnt at.
IGNORED = -100


class Batch(NamedTuple):
    """Packed rows; `ids`, `positions`, `targets` and `documents` are int64 `(rows, time)`.

    `targets` holds at each position the token to be predicted *there* (the next one), or IGNORED.
    `documents` numbers the examples of a row from 1; 0 is padding. `learning` `(positions,)` are
    the columns where any row has a target: only there logits are made. `borders` int32
    `(documents + 1,)` says where the documents of a flat batch begin, and where the last one ends;
    None in the other layout. `longest`: the tokens of its longest document; `labels`: its targets.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    targets: torch.Tensor
    documents: torch.Tensor
    learning: torch.Tensor
    borders: torch.Tensor | None
    longest: int
    labels: int

    def to(self, device: torch.device) -> Batch:
        return self._replace(
            ids=self.ids.to(device),
            positions=self.positions.to(device),
            targets=self.targets.to(device),
            documents=self.documents.to(device),
            learning=self.learning.to(device),
            borders=None if self.borders is None else self.borders.to(device),
        )


def step_batches(
    step: Step,
    data: Tokens,
    padding: int,
    *,
    rows_per_batch: int,
    flat: bool,
    process: int = 0,
    processes: int = 1,
) -> Iterator[Batch]:
    """The passes of one process over its rows of a step; as many as every other process has."""
    for rows in share(step, rows_per_batch, process, processes):
        yield make_batch(rows, data, padding, flat=flat)


def make_batch(
    rows: Sequence[Row], data: Tokens, padding: int, *, flat: bool, row_tokens: int = 0
) -> Batch:
    """The rows, each a list of positions in `data`.

    Not flat, they stand below each other, filled up with `padding` to the longest or to
    `row_tokens`. Without rows, the batch is one padding token that nothing is learnt from: what a
    process computes while others have more to do.
    """
    import torch

    if flat:
        rows = [tuple(chain.from_iterable(rows))]
    lengths = [[int(data.lengths[index]) for index in row] for row in rows] or [[]]
    time = max(1, row_tokens, *map(sum, lengths))
    ids, positions, targets, documents = _tables(rows, data, (len(lengths), time), padding)
    learning = np.flatnonzero((targets != IGNORED).any(axis=0))
    borders = np.cumsum([0, *(lengths[0] or [time])], dtype=np.int32) if flat else None
    return Batch(
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(positions),
        targets=torch.from_numpy(targets),
        documents=torch.from_numpy(documents),
        learning=torch.from_numpy(learning),
        borders=None if borders is None else torch.from_numpy(borders),
        longest=max(chain([1], *lengths)),
        labels=int((targets != IGNORED).sum()),
    )


def _tables(
    rows: Sequence[Row], data: Tokens, shape: tuple[int, int], padding: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """ids, positions, targets, documents."""
    ids = np.full(shape, padding, dtype=np.int64)
    positions = np.zeros(shape, dtype=np.int64)
    targets = np.full(shape, IGNORED, dtype=np.int64)
    documents = np.zeros(shape, dtype=np.int64)
    for r, row in enumerate(rows):
        start = 0
        for number, index in enumerate(row, 1):
            example = data[index]
            end = start + len(example.ids)
            ids[r, start:end] = example.ids
            positions[r, start:end] = np.arange(end - start)
            targets[r, start : end - 1] = np.where(example.learnt, example.ids, IGNORED)[1:]
            documents[r, start:end] = number
            start = end
    return ids, positions, targets, documents


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
