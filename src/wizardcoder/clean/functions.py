"""Python functions in a text, each with a digest that survives renaming.

Two functions have the same digest when they differ only in the names that they bind, in docstrings,
annotations, decorators, comments and layout. Code is parsed, never run.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from textwrap import dedent

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
_DEFINITION = re.compile(r"[ \t]*(async[ \t]+)?def ")
#: Functions of code that is longer are not looked at: nobody reads that, and parsing takes memory.
LONGEST_CODE_CHARACTERS = 1 << 20

#: What functions of one digest have in common and is seen at once: how many arguments they take,
#: and which statements they consist of.
Outline = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function found in some code. `nodes` counts its AST nodes, operators aside.

    Lines are counted from 1 in `code`; `docstring` are those of the docstring.
    """

    name: str
    digest: str
    nodes: int
    outline: Outline
    code: str
    first_line: int
    last_line: int
    docstring: range

    @property
    def source(self) -> str:
        """The lines of the function without its docstring."""
        numbers = range(self.first_line, self.last_line + 1)
        lines = self.code.split("\n")  # as the parser counts: splitlines knows more line ends
        return "\n".join(lines[n - 1] for n in numbers if n not in self.docstring)


def functions_in(text: str, outlines: Collection[Outline] | None = None) -> Iterator[Function]:
    """Every function, method and inner function in the code of a text.

    The code is what stands in fences or, without any, the text itself. Of code that is not Python
    as a whole, every piece that is a function counts; other text yields nothing. With `outlines`
    only functions of such an outline, which is much cheaper than the digest of every one.
    """
    for code in extraction.blocks(text):
        if "def " in code and len(code) <= LONGEST_CODE_CHARACTERS:
            tree = parse(code)
            if tree.body:
                yield from _functions(tree, code, outlines)
            else:
                for piece in _pieces(code):
                    yield from _functions(parse(piece), piece, outlines)


def outline_of(function: _FunctionNode) -> Outline:
    """The outline of a function."""
    arguments = function.args
    count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
    return count, *(type(statement).__name__ for statement in _body(function))


def _functions(
    tree: ast.Module, code: str, outlines: Collection[Outline] | None
) -> Iterator[Function]:
    found = [node for node in ast.walk(tree) if isinstance(node, _FunctionNode)]
    chosen = [
        (node, outline)
        for node in found
        if (outline := outline_of(node)) and (outlines is None or outline in outlines)
    ]
    if not chosen:
        return
    shared = {name for statement in tree.body for name in _bound_at_top(statement)} - _BUILTINS
    for node, outline in chosen:
        digest, nodes = _digest(node, shared)
        last_line = node.end_lineno or node.lineno
        docstring = _docstring_lines(node)
        yield Function(node.name, digest, nodes, outline, code, node.lineno, last_line, docstring)


def _pieces(code: str) -> Iterator[str]:
    """The lines of every outermost function in a text that is not Python as a whole.

    A piece goes on while lines are indented deeper than its first one, or close its signature.
    """
    piece: list[str] = []
    depth = 0
    for line in code.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        goes_on = (
            not line.strip() or indent > depth or (indent == depth and line.lstrip()[0] == ")")
        )
        if piece and goes_on:
            piece.append(line)
            continue
        if piece:
            yield dedent("".join(piece))
        piece, depth = ([line], indent) if _DEFINITION.match(line) else ([], 0)
    if piece:
        yield dedent("".join(piece))


def _docstring_lines(function: _FunctionNode) -> range:
    """The lines that hold the docstring and nothing else."""
    first = function.body[0]
    if len(_body(function)) == len(function.body) or first.lineno == function.lineno:
        return range(0)
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)


def _body(function: _FunctionNode) -> list[ast.stmt]:
    """The statements of a function, its docstring left out."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    return function.body[has_docstring:]


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
            value = _body(node)
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
