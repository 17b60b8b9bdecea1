"""Which operation an attempt uses."""

from __future__ import annotations

from collections.abc import Mapping

from wizardcoder.storage import text_digest


def choose(operations: Mapping[str, float], seed: int, lineage: str, round: int) -> str:
    """The operation of one attempt, drawn by weight: a hash of (seed, lineage, round), no state.

    >>> choose({"replace": 1.0}, seed=0, lineage="a", round=1)
    'replace'
    """
    fraction = int(text_digest("operation", seed, lineage, round)[:13], 16) / 16**13
    threshold = fraction * sum(operations.values())
    for operation, weight in sorted(operations.items()):
        threshold -= weight
        if threshold < 0:
            return operation
    return max(sorted(operations), key=operations.__getitem__)  # rounding left a rest
