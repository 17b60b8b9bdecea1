"""Values from data in Markdown and YAML: whatever they hold, the text around them stays whole."""

from __future__ import annotations

import json
import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>|&~#$!])")


def prose(text: object) -> str:
    r"""A value in running text or a table's cell, on one line, none of it markup.

    >>> print(prose("a|b <i> *c*\nd"))
    a\|b \<i\> \*c\* d
    """
    return _SPECIAL.sub(r"\\\1", _one_line(text))


def code(text: object) -> str:
    r"""A value as a code span, also in a table's cell.

    >>> print(code("a|b"), code("`tick`"))
    `a\|b` `` `tick` ``
    """
    line = _one_line(text) or " "
    ticks = "`" * (_longest_run("`", line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}".replace("|", r"\|")


def fenced(text: str, language: str = "text") -> str:
    """A value as a block of code that nothing in it can end."""
    fence = "`" * max(3, _longest_run("`", text) + 1)
    return f"{fence}{language}\n{_printable(text).rstrip()}\n{fence}"


def scalar(value: object) -> str:
    """A value in a card's YAML, which takes JSON's notation."""
    return json.dumps(_printable(value) if isinstance(value, str) else value, ensure_ascii=False)


def _one_line(text: object) -> str:
    return _printable(" ".join(str(text).split()))


def _printable(text: str) -> str:
    """A text whose control and direction characters are written out as escapes."""
    shown = (c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)
    return "".join(shown)


def _longest_run(character: str, text: str) -> int:
    return max((len(run) for run in re.findall(f"{character}+", text)), default=0)
