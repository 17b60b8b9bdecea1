"""What an operation of the miniature world is: it can be said, written and executed.

An operation takes one value of a kind and gives one value of a kind. Its expression is its only
definition: `apply` is that expression, compiled. It is written in two ways, for a value that lies
in memory (`code`) and for one that arrives element by element (`stream`). The operations
themselves are in `catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

Value = int | str | list[int] | list[str]


class Kind(StrEnum):
    """What an operation takes or gives."""

    NUMBER = "number"
    NUMBERS = "numbers"
    TEXT = "text"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, known by its name.

    `{v}` stands for the variable, `{k}` for the constant, in `name`, `phrasings`, `code` and
    `stream`. `rarity` runs from 1 (asked for all the time) to 3 (rare and specific). `stream`
    reads an iterator, and is a generator expression where the result can be passed on element by
    element; None where the whole value must be at hand. `constants` is empty without `{k}`.
    """

    name: str
    takes: Kind = field(compare=False, repr=False)
    gives: Kind = field(compare=False, repr=False)
    rarity: int = field(compare=False, repr=False)
    code: str = field(compare=False, repr=False)
    stream: str | None = field(compare=False, repr=False)
    constants: range = field(compare=False, repr=False)
    phrasings: tuple[str, ...] = field(compare=False, repr=False)

    @property
    def reads_stream(self) -> bool:
        """Whether it can take its value element by element."""
        return self.stream is not None

    @property
    def yields_stream(self) -> bool:
        """Whether it can give its result element by element."""
        return self.stream is not None and self.stream.startswith("(")

    def apply(self, value: Value, constant: int | None) -> Value:
        """What the operation makes of a value; the value stays as it is."""
        return _compiled(self.code)(value, constant)

    def say(self, phrasing: int, constant: int | None) -> str:
        """One of its phrasings: 'keeps the multiples of 3'."""
        return self.phrasings[phrasing].format(k=constant)

    def label(self, constant: int | None) -> str:
        """Its name with the constant, as a comment in code would have it."""
        return self.name.format(k=constant)

    def write(self, variable: str, constant: int | None) -> str:
        """The expression over a value in memory."""
        return self.code.format(v=variable, k=constant)

    def write_stream(self, variable: str, constant: int | None, *, gather: bool) -> str:
        """The expression over an iterator; `gather` makes a list of what would be a generator.

        Raises ValueError for an operation that cannot read a stream.
        """
        if self.stream is None:
            raise ValueError(f"operation '{self.name}' needs its whole value in memory")
        written = self.stream.format(v=variable, k=constant)
        return f"[{written[1:-1]}]" if gather and self.yields_stream else written


@cache
def _compiled(code: str) -> Callable[[Value, int | None], Value]:
    # The expressions are this package's own table; nothing from outside is ever evaluated.
    function: Callable[[Value, int | None], Value] = eval(
        f"lambda v, k: {code.format(v='v', k='k')}"
    )
    return function
