"""The code in a model's answer, and what was cut away to get it.

The rules are those of the released evaluation scripts, in their order; each cut is recorded.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE, _PYTHON_FENCE = "```", "```python"
_MAIN_GUARD = 'if __name__ == "__main__":'
_EXAMPLE = "# Example usage"
_FENCED = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)


class Cut(NamedTuple):
    """What a rule took away: so many characters."""

    rule: str
    characters: int


class Extracted(NamedTuple):
    """The code of an answer, ready to be assembled, and the cuts in the order they were made."""

    code: str
    cuts: tuple[Cut, ...]


def blocks(text: str) -> list[str]:
    r"""The code of a text: what stands in fences or, without any, the text itself.

    >>> blocks("First:\n```python\na = 1\n```\nand then:\n```\nb = 2\n```")
    ['a = 1\n', 'b = 2\n']
    >>> blocks("a = 1")
    ['a = 1']
    """
    return _FENCED.findall(text) or [text]


def whole(text: str) -> Extracted:
    """The text as it is: for models that complete code.

    >>> whole("    return 1").code
    '    return 1'
    """
    return Extracted(text, ())


def from_answer(text: str) -> Extracted:
    r"""The code of an instruction-tuned model's answer.

    Carriage returns go, tabs become four spaces, and the first ```` ```python ```` block is taken
    if there is one; then the code ends before a main guard, and before an example of its usage.

    >>> from_answer("Sure:\n```python\ndef f():\n\treturn 1\n```\nThis returns 1.")
    Extracted(code='def f():\n    return 1', cuts=(Cut(rule='around the block', characters=36),))
    """
    code, cuts = text.replace("\r", "").replace("\t", "    "), []
    for rule, cut in (
        ("around the block", _first_block),
        ("main guard", _before_main_guard),
        ("example usage", _before_example),
    ):
        kept = cut(code)
        if kept != code:
            cuts.append(Cut(rule, len(code) - len(kept)))
            code = kept
    return Extracted(code, tuple(cuts))


def _first_block(text: str) -> str:
    before, fence, after = text.partition(_PYTHON_FENCE)
    return after.partition(_FENCE)[0].strip("\n").rstrip() if fence else before


def _before_main_guard(code: str) -> str:
    return _before(code, _MAIN_GUARD)


def _before_example(code: str) -> str:
    return _before(code, _EXAMPLE)


def _before(code: str, mark: str) -> str:
    kept, found, _ = code.partition(mark)
    return kept.rstrip() if found else code
