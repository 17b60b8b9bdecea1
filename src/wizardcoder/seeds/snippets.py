"""Functions and classes of a source file: whole where they are short, else their parts.

Python is parsed. Of languages with braces, a definition is taken to be a line that ends in an
opening brace, up to the closing brace at the same indentation: right for code that a formatter
has seen, and nothing is taken from code where that fails.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CONTAINER = re.compile(
    r"\b(?:class|struct|enum|interface|trait|impl|object|record|union|namespace|module|extension"
    r"|extern|mod)\b"
)
_ENCLOSING = re.compile(r"^\s*(?:\w+\s+)*(?:namespace|module|extern|mod)\b")
_CONTROL = re.compile(
    r"^\s*\}?\s*(?:if|else|for|foreach|while|switch|match|do|try|catch|finally|return|with|when"
    r"|using|synchronized|select|loop|guard|defer|unsafe|lock|case|default)\b"
    r"|.*[^=]=\s*\{\s*$"  # or an initialiser
)
_ABOVE = re.compile(r"^\s*(?://|/\*|\*|#\[|@|\[)")  # comments and attributes


class Snippet(NamedTuple):
    """A definition: the line it begins on, from 1, and its code without common indentation."""

    line: int
    code: str

    @property
    def lines(self) -> int:
        return self.code.count("\n") + 1


def snippets(text: str, language: str, max_lines: int) -> list[Snippet]:
    """The definitions in a text with `\\n` between lines, in their order.

    A class of more than `max_lines` gives its methods instead. Raises SyntaxError (of Python).
    """
    lines = text.split("\n")
    if language == "Python":
        spans = _python(text, max_lines)
    else:
        spans = _braces(lines, 0, len(lines), max_lines)
    return [
        Snippet(first + 1, textwrap.dedent("\n".join(lines[first:end])).rstrip())
        for first, end in spans
    ]


def _python(text: str, max_lines: int) -> Iterator[tuple[int, int]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of somebody else's invalid escapes
        try:
            body = ast.parse(text).body
        except (ValueError, RecursionError, MemoryError) as error:  # too deep, too long a number
            raise SyntaxError(str(error)) from None
    yield from _python_definitions(body, max_lines)


def _python_definitions(body: Sequence[ast.stmt], max_lines: int) -> Iterator[tuple[int, int]]:
    for node in body:
        if not isinstance(node, _DEFINITIONS):
            continue
        first = min(node.lineno, *(decorator.lineno for decorator in node.decorator_list), 1 << 60)
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.ClassDef) and end - first >= max_lines:
            yield from _python_definitions(node.body, max_lines)
        else:
            yield first - 1, end


def _braces(lines: Sequence[str], at: int, end: int, max_lines: int) -> Iterator[tuple[int, int]]:
    """Spans of definitions between two lines, each with the comments right above it."""
    never_closed: set[str] = set()  # indentations whose brace nothing closes from here on
    while at < end:
        opens = lines[at].rstrip().endswith("{") and _indentation(lines[at]) not in never_closed
        close = _closing(lines, at, end) if opens else None
        if close is None:
            if opens:
                never_closed.add(_indentation(lines[at]))
            at += 1
            continue
        first = _header(lines, at)
        header = " ".join(lines[first : at + 1])
        is_container = bool(_CONTAINER.search(header.partition("(")[0]))
        too_long = close - first >= max_lines
        if _ENCLOSING.match(header) or (is_container and too_long):
            yield from _braces(lines, at + 1, close, max_lines)
        elif not _CONTROL.match(header) and (is_container or "(" in header):
            yield _with_comments(lines, first), close + 1
        at = close + 1


def _closing(lines: Sequence[str], at: int, end: int) -> int | None:
    """The line that closes the brace at the end of a line, by its indentation."""
    closing = _indentation(lines[at]) + "}"
    return next((n for n in range(at + 1, end) if lines[n].startswith(closing)), None)


def _header(lines: Sequence[str], at: int) -> int:
    """The first line of what a brace opens: it may stand alone, or end several lines."""
    first = at
    indentation = _indentation(lines[at])
    if lines[at].strip() == "{":  # a style of languages whose statements end in semicolons
        while first > 0 and _continues(lines[first - 1]):
            first -= 1
        return first
    while first > 0 and lines[first].strip().startswith(")"):
        first -= 1
        while first > 0 and _indentation(lines[first]) != indentation:
            first -= 1
    return first


def _continues(line: str) -> bool:
    """Whether what follows a line belongs to it: it ends nothing, and is no remark."""
    stripped = line.strip()
    return bool(stripped) and stripped[-1] not in ";{}:/" and stripped[0] not in "#/*"


def _with_comments(lines: Sequence[str], first: int) -> int:
    indentation = _indentation(lines[first])
    while first > 0 and lines[first - 1].startswith(indentation) and _ABOVE.match(lines[first - 1]):
        first -= 1
    return first


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
