"""What a test borrows from the trusted code of its problem: names that it uses and does not define.

Officially all of a program, its prompt and the test share one namespace, and the last definition of
a name holds. So a program that defines a borrowed name anew has to be tested with its own.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from types import CodeType

from wizardcoder.sandbox import syntax

#: What any name may come from.
_ANY = "*"
_Definitions = Mapping[str, tuple[str, ...]]


def borrows(test: CodeType, helpers: str) -> bool:
    """Whether a test may need the helpers: they mention a name that it uses."""
    return bool(_mentioned(test, helpers)) or "import *" in helpers


def redefines(program: str, test: CodeType, helpers: str, entry_point: str) -> bool:
    """Whether a program defines what the test borrows otherwise than the helpers do.

    Definitions are compared as they are written. What is unclear counts as different; a program
    that is no Python defines nothing.
    """
    mentioned = _mentioned(test, helpers) - {entry_point}
    if not mentioned:
        return False
    trusted = {name: d for name, d in _trusted(helpers).items() if name != entry_point}
    borrowed = _closure(mentioned, trusted)
    if not borrowed:
        return False
    try:
        own = _definitions(syntax.parse(program))
    except SyntaxError:
        return False
    except (syntax.UnclearError, RecursionError):
        return True
    return any(name in own and own[name] != trusted.get(name) for name in borrowed | {_ANY})


def _mentioned(test: CodeType, helpers: str) -> frozenset[str]:
    names = (name for name in _names(test) if not hasattr(builtins, name))
    return frozenset(name for name in names if name in helpers)


def _names(code: CodeType) -> Iterator[str]:
    """The global names (and attributes) that code refers to, nested functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


@lru_cache(maxsize=512)
def _trusted(helpers: str) -> _Definitions:
    return _definitions(ast.parse(helpers))


def _closure(names: Set[str], definitions: _Definitions) -> Set[str]:
    """The names among those defined, with all that their definitions mention in turn."""
    found = names & definitions.keys()
    while True:
        text = " ".join(dump for name in found for dump in definitions[name])
        more = found | {name for name in definitions if f"id='{name}'" in text}
        if more == found:
            return found
        found = more


def _definitions(tree: ast.Module) -> _Definitions:
    """The statements of a module that make each of its names what it finally is."""
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for statement in tree.body:
        for name in set(_bound(statement)):
            dump = ast.dump(statement)
            found[name] = (dump,) if _is_definition(statement, name) else (*found[name], dump)
    return found


def _is_definition(statement: ast.stmt, name: str) -> bool:
    """Whether a statement defines a name, whatever that was before."""
    return getattr(statement, "name", "") == name and not getattr(statement, "decorator_list", [])


def _bound(node: ast.AST) -> Iterator[str]:
    """The names of its module that code may bind."""
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
            for inner in ast.walk(node):
                if isinstance(inner, ast.Global):
                    yield from inner.names
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _bound(child)
