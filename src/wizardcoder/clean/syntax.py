"""Whether code can be read: JSON and Python by the standard library, the rest by tree-sitter.

Grammars are loaded when their language first occurs, once for each process. What is read may be
hostile: code is bounded in bytes, and a grammar in CPU time; what exceeds them raises UnreadError.
"""

from __future__ import annotations

import json
import re
import time
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from wizardcoder.clean import python_syntax

if TYPE_CHECKING:
    import tree_sitter

#: The grammar of each language: the module and the function that gives it.
_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "php alone": ("tree_sitter_php", "language_php_only"),
    "bash": ("tree_sitter_bash", "language"),
    "sql": ("tree_sitter_sql", "language"),
    "html": ("tree_sitter_html", "language"),
    "css": ("tree_sitter_css", "language"),
}
#: Other grammars that code under a name may be meant for, tried in turn.
_ALSO = {
    "javascript": ("tsx", "typescript"),
    "typescript": ("tsx",),
    "c": ("cpp",),
    "php": ("php alone",),
}
#: Longer code is not read: some grammars take time quadratic in what they cannot read, and their
#: parser does not always look at the clock (the worst known, `x<x<…` as Java: 2 s for so many).
MOST_CHARACTERS = 1 << 14
_DOTS = re.compile(r"^[ \t]*(?:\.\.\.|…)[ \t]*$", re.MULTILINE)
_SHELL_PROMPT = re.compile(r"^[ \t]*\$ ", re.MULTILINE)
#: What dialects of SQL say and the grammar does not know, and what stands for it.
_DIALECTS = (
    (re.compile(r"\bINTERVAL\s+['\"]?\w+['\"]?\s+[A-Z]+", re.IGNORECASE), "1"),
    (re.compile(r"\bTOP\s*\(?\d+\)?(?:\s+PERCENT)?", re.IGNORECASE), ""),
    (re.compile(r"\[[\w .]+\]|<[\w .]+>|\{[\w .]+\}|[:@$?]\w*"), "x"),
    (re.compile(r"\bLIMIT\s+\d+\s*,\s*\d+", re.IGNORECASE), "LIMIT 1"),
    (re.compile(r"\bAS\s+'[^'\n]*'", re.IGNORECASE), "AS x"),
    (re.compile(r"^[ \t]*(?:USE|SHOW|DESC|DESCRIBE|GO|DELIMITER|--)\b.*$", re.M | re.I), ""),
)
_JSON_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)


class UnreadError(Exception):
    """Code that is too long, nested too deep, or takes too long, to be read."""


def fault(code: str, language: str, deadline: float) -> str | None:
    """What keeps code from being read as the language, None if nothing or if nobody can say.

    `deadline` is a reading of `time.thread_time()`. Raises UnreadError.
    """
    if "\0" in code:
        return "holds a NUL character"
    if len(code) > MOST_CHARACTERS:
        raise UnreadError(f"{len(code)} characters of code are more than are read")
    if language == "json":
        return _json_fault(code)
    if language == "python":
        found = python_syntax.fault(code)
        old = found is not None and python_syntax.may_be_python_2(code)
        return None if old and _tree_fault(code, "python", deadline) is None else found
    if language not in _GRAMMARS:
        return None
    return _grammar_fault(code, language, deadline)


def _grammar_fault(code: str, language: str, deadline: float) -> str | None:
    """The fault that the language's own grammar finds, unless another reading has none."""
    code = "\n".join(line.rstrip() for line in code.split("\n"))  # `#include <a> ` is no fault
    first = _tree_fault(code, language, deadline)
    if first is None:
        return None
    lines = _DOTS.sub("", code)
    if language == "bash":
        lines = _SHELL_PROMPT.sub("", lines)
    if language == "sql":
        for said, standing in _DIALECTS:
            lines = said.sub(standing, lines)
    readings = [(lines, language)] if lines != code else []
    readings += [(lines, other) for other in _ALSO.get(language, ())]
    clean = any(_tree_fault(text, grammar, deadline) is None for text, grammar in readings)
    return None if clean else first


def _tree_fault(code: str, grammar: str, deadline: float) -> str | None:
    too_long = f"reading it as {grammar} takes too long"
    if time.thread_time() > deadline:
        raise UnreadError(too_long)
    data = code.encode("utf-8", "replace")
    parser = _parser(grammar)

    def read(offset: int, _: object) -> bytes:
        return data[offset:]

    def is_over(offset: int, has_error: bool) -> bool:
        return time.thread_time() > deadline

    try:
        tree = parser.parse(read, progress_callback=is_over)
    except ValueError:  # the callback ended it
        parser.reset()
        raise UnreadError(too_long) from None
    if not tree.root_node.has_error:
        return None
    return f"line {_first_error(tree.root_node).start_point.row + 1}: not {grammar}"


def _first_error(node: tree_sitter.Node) -> tree_sitter.Node:
    """The first and smallest node that the grammar could not read, or had to make up."""
    while inner := next((child for child in node.children if child.has_error), None):
        node = inner
    return node


@cache
def _parser(grammar: str) -> tree_sitter.Parser:
    import tree_sitter

    module, function = _GRAMMARS[grammar]
    return tree_sitter.Parser(tree_sitter.Language(getattr(import_module(module), function)()))


def _json_fault(code: str) -> str | None:
    """JSON, JSON Lines, and JSON with comments and left-out parts are all read."""
    first = _value_fault(code)
    if first is None:
        return None
    lines = [line for line in code.splitlines() if line.strip()]
    if len(lines) > 1 and all(_value_fault(line) is None for line in lines):
        return None
    return None if _value_fault(_JSON_COMMENT.sub("", _DOTS.sub("", code))) is None else first


def _value_fault(text: str) -> str | None:
    try:
        json.loads(text, parse_int=str)  # an int of any length is JSON
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    except RecursionError:
        raise UnreadError("it is nested too deep") from None
    return None
