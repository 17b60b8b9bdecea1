"""Whether a program could keep anything from one call to the next."""

from __future__ import annotations

import ast

_WITHOUT_STATE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Expr, ast.Pass)
#: Ways around what the syntax shows.
_DYNAMIC = frozenset({"exec", "eval", "globals", "vars", "setattr", "__import__"})


def keeps_state(program: str) -> bool:
    """False for nothing but imports, constants, functions that leave those alone, and their calls.

    >>> keeps_state("import math\\nN = 7\\ndef f(x): return math.sqrt(x) + N")
    False
    >>> keeps_state("seen = []\\ndef f(x): seen.append(x); return len(seen)")
    True
    """
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
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
    return False
