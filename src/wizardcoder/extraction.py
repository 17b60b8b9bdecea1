"""The code in a model's answer, and what was cut away to get it.

The rules are those of the released evaluation scripts, in their order; each cut is recorded.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from textwrap import dedent
from types import MappingProxyType
from typing import NamedTuple

_FENCE, _PYTHON_FENCE = "```", "```python"
#: What the code ends before, by rule, in the order of the released scripts.
_ENDS = MappingProxyType(
    {"main guard": 'if __name__ == "__main__":', "example usage": "# Example usage"}
)
#: A fence's tag and what stands in it.
_FENCED = re.compile(r"^[ \t]*```([^\n`]*)\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON_TAGS = frozenset({"python", "python3", "py"})
_LONGEST_READ_CHARACTERS = 1 << 20


class Cut(NamedTuple):
    """What a rule took away: so many characters."""

    rule: str
    characters: int


class Extracted(NamedTuple):
    """The code of an answer, ready to be assembled, and the cuts in the order they were made."""

    code: str
    cuts: tuple[Cut, ...]


def cut_text(cuts: Iterable[Cut]) -> str:
    """Cuts as text, for a table: `around the block 36, main guard 12`."""
    return ", ".join(f"{cut.rule} {cut.characters}" for cut in cuts)


def blocks(text: str) -> list[str]:
    r"""The code of a text: what stands in fences or, without any, the text itself.

    >>> blocks("First:\n```python\na = 1\n```\nand then:\n```\nb = 2\n```")
    ['a = 1\n', 'b = 2\n']
    >>> blocks("a = 1")
    ['a = 1']
    """
    return [code for _, code in _FENCED.findall(text)] or [text]


def python_code(text: str) -> str | None:
    r"""The Python code of an answer: its first Python block, else code without a language's name.

    None where there is none, or where it is another language's.

    >>> python_code("So:\n```python\ndef f(): return 1\n```\nwhich gives\n```\n1\n```")
    'def f(): return 1\n'
    >>> python_code("```java\nint f;\n```") is python_code("It depends.") is None
    True
    """
    found = [(tag.strip().lower(), dedent(code)) for tag, code in _FENCED.findall(text)]
    named = [code for tag, code in found if tag in _PYTHON_TAGS]
    if named:
        return named[0]
    unnamed = [code for tag, code in found if not tag] if found else [text]
    return next(filter(_is_python, unnamed), None)


def whole(text: str) -> Extracted:
    """The text as it is: for models that complete code.

    >>> whole("    return 1").code
    '    return 1'
    """
    return Extracted(text, ())


def until_stop(text: str, stops: Sequence[str]) -> Extracted:
    r"""A base model's continuation, up to the first of the stop sequences.

    >>> until_stop("    return 1\n\ndef other():", ["\ndef", "\nprint"]).code
    '    return 1\n'
    """
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    code = text[: min(ends, default=len(text))]
    return Extracted(code, (Cut("stop sequence", len(text) - len(code)),) if ends else ())


def from_answer(text: str, more_ends: Mapping[str, str] = MappingProxyType({})) -> Extracted:
    r"""The code of an instruction-tuned model's answer.

    Carriage returns go, tabs become four spaces, and the first ```` ```python ```` block is taken
    if there is one; then the code ends before a main guard, before an example of its usage, and
    before `more_ends`: marks by the name of the rule.

    >>> from_answer("Sure:\n```python\ndef f():\n\treturn 1\n```\nThis returns 1.")
    Extracted(code='def f():\n    return 1', cuts=(Cut(rule='around the block', characters=36),))
    """
    code, cuts = text.replace("\r", "").replace("\t", "    "), []
    for rule, mark in {"around the block": "", **_ENDS, **more_ends}.items():
        kept = _before(code, mark) if mark else _first_block(code)
        if kept != code:
            cuts.append(Cut(rule, len(code) - len(kept)))
            code = kept
    return Extracted(code, tuple(cuts))


def _first_block(text: str) -> str:
    before, fence, after = text.partition(_PYTHON_FENCE)
    return after.partition(_FENCE)[0].strip("\n").rstrip() if fence else before


def _before(code: str, mark: str) -> str:
    kept, found, _ = code.partition(mark)
    return kept.rstrip() if found else code


def _is_python(code: str) -> bool:
    if len(code) > _LONGEST_READ_CHARACTERS:
        return False
    try:
        with warnings.catch_warnings():  # of how it is written
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
