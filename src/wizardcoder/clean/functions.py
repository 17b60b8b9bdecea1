"""Python functions in a text, each with a digest that survives renaming.

Two functions have the same digest when they differ only in the names that they bind, in docstrings,
annotations, decorators, comments and layout. Code is parsed, never run.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from wizardcoder import extraction

_BUILTINS = frozenset(dir(builtins))
#: Fields that say nothing about what a function does.
_DROPPED = frozenset({"ctx", "kind", "annotation", "returns", "decorator_list", "type_comment"})
#: `+`, `and`, `not`, `<`: part of the node that they stand in, not nodes of their own.
_OPERATORS = ast.operator | ast.boolop | ast.unaryop | ast.cmpop
#: Where a node holds a name that the function or its module may have bound.
_NAMES: dict[type[ast.AST], str] = {
    ast.Name: "id",
    ast.arg: "arg",
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ClassDef: "name",
    ast.ExceptHandler: "name",
}
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Function:
    """A function found in some code. `nodes` counts its AST nodes, operators aside."""

    name: str
    digest: str
    nodes: int
    code: str
    first_line: int
    last_line: int

    @property
    def source(self) -> str:
        """The lines of the function."""
        return "\n".join(self.code.splitlines()[self.first_line - 1 : self.last_line])


def functions_in(text: str) -> Iterator[Function]:
    """Every function, method and inner function in the code of a text.

    The code is what stands in fences or, without any, the text itself. What is not Python yields
    nothing.
    """
    for code in extraction.blocks(text):
        if "def " in code:
            yield from _functions(code)


def _functions(code: str) -> Iterator[Function]:
    tree = parse(code)
    shared = {name for statement in tree.body for name in _bound_at_top(statement)} - _BUILTINS
    for node in ast.walk(tree):
        if isinstance(node, _FunctionNode):
            digest, nodes = _digest(node, shared)
            last_line = node.end_lineno or node.lineno
            yield Function(node.name, digest, nodes, code, node.lineno, last_line)


def parse(code: str) -> ast.Module:
    """The module of some code, an empty one when it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's escape sequences
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _digest(function: _FunctionNode, shared: set[str]) -> tuple[str, int]:
    """A digest of the function's renamed tree, and how many nodes it has.

    Renamed are the names that the function binds and those that it shares with its module, each to
    its place in the order of appearance; builtins and imported names stay.
    """
    bound = shared.union(*(_bound_by(node) for node in ast.walk(function)))
    places: dict[str, str] = {}
    parts: list[str] = []
    nodes = 0
    pending: list[object] = [function]
    while pending:  # a stack of one's own: source code can nest deeper than Python recurses
        item = pending.pop()
        if isinstance(item, ast.AST):
            nodes += not isinstance(item, _OPERATORS)
            parts.append(type(item).__name__)
            pending.extend(reversed(_contents(item, bound, places)))
        elif isinstance(item, list):
            parts.append(f"[{len(item)}")
            pending.extend(reversed(item))
        else:
            value = hex(item) if isinstance(item, int) else repr(item)  # huge ints have no repr
            parts.append(f"{type(item).__name__} {value}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest(), nodes


def _contents(node: ast.AST, bound: set[str], places: dict[str, str]) -> list[object]:
    """The fields of a node that matter, in order, bound names replaced by their places."""
    contents: list[object] = []
    for field in node._fields:
        value = getattr(node, field, None)
        if field in _DROPPED:
            continue
        if field == _NAMES.get(type(node)) and value in bound:
            value = places.setdefault(value, f"name {len(places)}")
        elif field == "body" and isinstance(node, _FunctionNode):
            has_docstring = ast.get_docstring(node, clean=False) is not None
            value = node.body[has_docstring:]
        contents.append(value)
    return contents


def _bound_by(node: ast.AST) -> list[str]:
    """The name that a node binds, if any."""
    field = _NAMES.get(type(node))
    if field is None or isinstance(getattr(node, "ctx", None), ast.Load | ast.Del):
        return []
    name = getattr(node, field)
    return [] if name is None else [name]


def _bound_at_top(statement: ast.stmt) -> list[str]:
    """The names that a statement binds in its module: a function, a class, assigned variables."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return [name for node in ast.walk(statement) for name in _bound_by(node)]
    return _bound_by(statement)
