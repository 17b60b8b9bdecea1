"""Best-fit packing: which examples share a row, and in which order the rows come.

An epoch is a function of (lengths, row length, seed, epoch): every example exactly once. Nothing
here knows what a token is.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence

#: The examples of one row, by their index, in the order in which they stand in it.
Row = tuple[int, ...]


def epoch_rows(lengths: Sequence[int], row_tokens: int, *, seed: int, epoch: int) -> list[Row]:
    """The rows of one epoch, in the order in which they are trained on.

    Best-fit decreasing: the longest example first, each into the fullest row that still holds it.
    Examples of equal length, and then the rows, are ordered by a hash of (seed, epoch).
    """
    order = sorted(
        range(len(lengths)), key=lambda i: (-lengths[i], _draw(seed, epoch, "example", i))
    )
    return _shuffled(_best_fit(order, lengths, row_tokens), seed, epoch)


def single_rows(examples: int, *, seed: int, epoch: int) -> list[Row]:
    """The rows of one epoch without packing: one example each, in an order of their own."""
    return _shuffled([(example,) for example in range(examples)], seed, epoch)


def _shuffled(rows: Iterable[Row], seed: int, epoch: int) -> list[Row]:
    return sorted(rows, key=lambda row: _draw(seed, epoch, "row", row[0]))


def _best_fit(order: Sequence[int], lengths: Sequence[int], row_tokens: int) -> list[Row]:
    """Put the examples, in this order, into rows of `row_tokens`; all must fit a row."""
    rows: list[list[int]] = []
    with_space: dict[int, list[int]] = defaultdict(list)  # free tokens → rows
    spaces: list[int] = []  # the keys of `with_space` that have rows, ascending
    for example in order:
        length = lengths[example]
        at = bisect_left(spaces, length)
        if at == len(spaces):
            rows.append([])
            row, space = len(rows) - 1, row_tokens
        else:
            space = spaces[at]
            row = with_space[space].pop()
            if not with_space[space]:
                del spaces[at]
        rows[row].append(example)
        left = space - length
        if not with_space[left]:
            insort(spaces, left)
        with_space[left].append(row)
    return [tuple(row) for row in rows]


def _draw(seed: int, epoch: int, what: str, index: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{epoch}/{what}/{index}".encode(), digest_size=8).digest()
