"""Random choices that are a hash of a key: the same key draws the same values on any machine."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """An endless row of choices, fixed by its key.

    >>> Draw("seeds", 0).below(100) == Draw("seeds", 0).below(100)
    True
    """

    def __init__(self, *key: object) -> None:
        self._key = repr(key).encode()
        self._drawn = 0

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1, n ≥ 1, each equally likely (to one part in 2⁴⁰)."""
        self._drawn += 1
        digest = blake2b(self._key + self._drawn.to_bytes(4), digest_size=8).digest()
        return int.from_bytes(digest) % n

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items, of which there is at least one."""
        return items[self.below(len(items))]

    def chance(self, share: float) -> bool:
        """True with the probability `share`."""
        return self.below(1 << 32) < share * (1 << 32)


def shuffled(items: Sequence[Item], *key: object) -> list[Item]:
    """The items in an order that only the key and the items' own `repr` decide."""
    return sorted(items, key=lambda item: blake2b(repr((key, item)).encode()).digest())
