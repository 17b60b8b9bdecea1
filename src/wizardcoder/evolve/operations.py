"""What chance decides about an attempt: its operation, its teacher, its programming language.

Every draw is a hash of (seed, lineage) and, but for the language, the round; there is no state.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizardcoder.storage import text_digest


def choose(operations: Mapping[str, float], seed: int, lineage: str, round: int) -> str:
    """The operation of one attempt, drawn by weight.

    >>> choose({"replace": 1.0}, seed=0, lineage="a", round=1)
    'replace'
    """
    return draw("operation", operations, seed, lineage, round)


def draw(what: str, weights: Mapping[str, float], *key: object) -> str:
    """One of the names, by weight: a hash of what is drawn and the key."""
    fraction = int(text_digest(what, *key)[:13], 16) / 16**13
    threshold = fraction * sum(weights.values())
    for name, weight in sorted(weights.items()):
        threshold -= weight
        if threshold < 0:
            return name
    return max(sorted(weights), key=weights.__getitem__)  # rounding left a rest
