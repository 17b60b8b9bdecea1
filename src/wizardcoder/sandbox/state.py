"""Whether a program could keep anything from one call to the next.

What is not seen to be harmless counts as a way to: then a process more is started, no verdict is
lost.
"""

from __future__ import annotations

import ast
import sys

from wizardcoder.sandbox import syntax

_WITHOUT_STATE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Expr, ast.Pass)
#: Ways around what the syntax shows, or out of the process.
_DYNAMIC = frozenset(
    {
        *("exec", "eval", "compile", "globals", "locals", "vars", "getattr", "setattr", "delattr"),
        *("open", "breakpoint", "__import__", "__builtins__", "__loader__", "__spec__"),
    }
)
#: Modules in which, used by their public names, nothing can be left behind.
_HARMLESS = frozenset(
    {
        *("__future__", "bisect", "cmath", "collections", "collections.abc", "datetime"),
        *("fractions", "functools", "hashlib", "heapq", "itertools", "math", "operator", "re"),
        *("string", "typing"),
    }
)
#: Modules are reached through others too (`typing.sys`); lists and dicts have a `copy` of their own
_ELSEWHERE = (sys.stdlib_module_names | {"register"}) - _HARMLESS - {"copy"}
#: How the names of frames and of what objects hide begin.
_HIDDEN = ("_", "ag_", "cr_", "f_", "gi_")


def keeps_state(program: str) -> bool:
    """False for nothing but imports, constants, functions that leave those alone, and their calls.

    >>> keeps_state("import math\\nN = 7\\ndef f(x): return math.sqrt(x) + N")
    False
    >>> keeps_state("seen = []\\ndef f(x): seen.append(x); return len(seen)")
    True
    """
    try:
        tree = syntax.parse(program)
    except (SyntaxError, syntax.UnclearError):
        return True
    return any(map(_may_hold, tree.body)) or any(map(_may_change, ast.walk(tree)))


def _may_hold(statement: ast.stmt) -> bool:
    """Whether a statement of the module makes something that calls can change."""
    if isinstance(statement, ast.Assign):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.If):
        return any(map(_may_hold, (*statement.body, *statement.orelse)))
    return not isinstance(statement, _WITHOUT_STATE)


def _may_change(node: ast.AST) -> bool:
    """Whether code writes to what outlives a call, or wraps a function in what may."""
    match node:
        case ast.Global() | ast.NamedExpr() | ast.Attribute(ctx=ast.Store()):
            return True
        case ast.FunctionDef(decorator_list=decorators, args=arguments):
            defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
            return bool(decorators) or not all(isinstance(d, ast.Constant) for d in defaults)
        case ast.Name(id=name):
            return name in _DYNAMIC
        case ast.Attribute(attr=name):
            return name in _ELSEWHERE or name.startswith(_HIDDEN)
        case ast.Import(names=names):
            return not all(alias.name in _HARMLESS for alias in names)
        case ast.ImportFrom(module=module, names=names):
            return module not in _HARMLESS or any(alias.name in _ELSEWHERE for alias in names)
    return False
