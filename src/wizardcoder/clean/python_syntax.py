"""Whether text is Python, as people write it in answers and not only in files.

Not held against it, because the record means it: the prompts and output of a session (`>>> 1`),
IPython's commands (`%timeit`), indentation that the whole block shares, placeholders
(`for <item> in <list>:`, `…`), and blocks with nothing but a comment in them.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from textwrap import dedent

#: Longer code is not read: a tree takes a hundred times the memory of its source, and more.
MOST_CHARACTERS = 1 << 16
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)|^[ \t]*In \[\d+\]: ?")
_COMMAND = re.compile(r"^([ \t]*)[%!][^\n]*$|^([ \t]*)\w[\w.]*\?{1,2}[ \t]*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"<[A-Za-z_][\w ./,'-]{0,80}>")
_DOTS = re.compile(r"…|(?<!\.)\.{4,}(?!\.)")
_COMMENT = re.compile(r"^([ \t]+)#[^\n]*$", re.MULTILINE)
_PYTHON_2 = re.compile(
    r"^[ \t]*(?:print\b[ \t]*(?![ \t(=.,])\S|print[ \t]*$|exec ['\"\w]|raise \w+, "
    r"|except [^:\n]+, \w+:)|<>|\d[lL]\b",
    re.MULTILINE,
)


def fault(code: str) -> str | None:
    """Why code is not Python, with its line; None if it is. Linear in the code's length.

    >>> fault("for <item> in <list>: ..."), fault("for x in y: 1 +")
    (None, 'line 1: invalid syntax')
    """
    first = _fault(code)
    if first is None or any(_fault(reading) is None for reading in _readings(code)):
        return None
    return first


def may_be_python_2(code: str) -> bool:
    """Whether it holds what Python 2 could say and Python 3 cannot."""
    return _PYTHON_2.search(code) is not None


def is_program(text: str) -> bool:
    """Whether text that may be prose, or another language, is Python: it parses, does something,
    and ends no line in a semicolon.

    >>> is_program("total = sum(xs)"), is_program("Break"), is_program("alert(1);")
    (True, False, False)
    """
    if len(text) > MOST_CHARACTERS or text.rstrip().endswith(";") or ";\n" in text:
        return False
    try:
        return any(map(_does_something, _parse(text).body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _does_something(statement: ast.stmt) -> bool:
    """Unlike a word, a number, `a, b`, `note: this` or `yes or no`, which prose can be."""
    if isinstance(statement, ast.Return):
        return statement.value is not None
    if not isinstance(statement, ast.Expr | ast.AnnAssign | ast.Pass | ast.Break | ast.Continue):
        return True
    return any(isinstance(node, ast.Call | ast.ListComp) for node in ast.walk(statement))


def _fault(code: str) -> str | None:
    try:
        _parse(code)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _readings(code: str) -> Iterator[str]:
    """What else the code may be meant as, one liberty after the other."""
    code = dedent(code.expandtabs(8) if "\t" in code else code)
    yield code
    if (session := _typed(code)) is not None:
        yield session
        code = session
    code = _COMMAND.sub(r"\1\2pass", _PLACEHOLDER.sub("x", _DOTS.sub("...", code)))
    yield code
    yield _COMMENT.sub(r"\1pass", code)


def _typed(code: str) -> str | None:
    """What was typed in a session, None where there is no prompt."""
    lines = code.splitlines()
    if not any(_PROMPT.match(line) for line in lines):
        return None
    return "\n".join(_PROMPT.sub("", line, count=1) for line in lines if _PROMPT.match(line))


def _parse(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's escape sequences
        return ast.parse(code)
