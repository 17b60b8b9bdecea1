"""Where a text ends: before the first stop sequence in it."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST_CHARACTER_BYTES = 4


def before_stop(text: str, stops: Sequence[str]) -> str | None:
    """The text before its first stop sequence; None where it has none.

    >>> before_stop("return 1\\n\\ndef g", ["\\nclass", "\\ndef"])
    'return 1\\n'
    """
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else None


def tail_tokens(stops: Sequence[str]) -> int:
    """How many of the last tokens hold a stop sequence that has just come to its end.

    A token is at least one byte; the character before may be cut by the tail's beginning.
    """
    return max((len(stop.encode()) for stop in stops), default=0) + _LONGEST_CHARACTER_BYTES


def settled(text: str, stops: Sequence[str]) -> str:
    """What of an unfinished text will stay: not what may become a stop sequence.

    >>> settled("return 1\\n", ["\\ndef"]), settled("return 1\\nx", ["\\ndef"])
    ('return 1', 'return 1\\nx')
    """
    longest = max((len(stop) for stop in stops), default=1) - 1
    for size in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return text[:-size]
    return text
