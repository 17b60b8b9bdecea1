"""Tests that nobody vouches for either, such as those a model wrote: what is run for them.

A `Check` runs its test in the judge, which is trusted code. So only tests that can do nothing but
compare become one: plain asserts that call one function with literals. The answer then cannot
decide its own verdict. Any other tests run beside the program, in its cage.
"""

from __future__ import annotations

import ast
from textwrap import indent

from wizardcoder.sandbox import syntax
from wizardcoder.sandbox.limits import Check, Script, Task
from wizardcoder.sandbox.syntax import UnclearError

#: What a Check calls; a program's own function of that name cannot be told from it.
_CHECK = "check"
#: Runs the program as the module `solution`, then the tests in its namespace. What the program
#: does to the builtins comes too late for the two that run them. What draws draws the same each
#: time.
_BESIDE = """\
import random, sys, types
from builtins import compile, exec
random.seed(0)
module = sys.modules["solution"] = types.ModuleType("solution")
exec(compile({program!r}, "<solution>", "exec"), module.__dict__)
module.__dict__["__name__"] = "__main__"
exec(compile({tests!r}, "<tests>", "exec"), module.__dict__)
"""


def task_of(program: str, tests: str) -> Task:
    r"""What is judged for a program and the tests somebody wrote for it.

    >>> type(task_of("def f(x): return x", "assert f(1) == 1\nassert f('a') == 'a'")).__name__
    'Check'
    >>> type(task_of("def f(x): return x", "import os\nassert f(os.sep)")).__name__
    'Script'

    Raises SyntaxError where the tests are no Python, UnclearError where they cannot be looked at.
    """
    tree = syntax.parse(tests)
    called = {_plain_call(statement) for statement in tree.body}
    entry_point = called.pop() if len(called) == 1 else ""
    if entry_point not in ("", _CHECK):
        return Check(program=program, entry_point=entry_point, test=_check(tree))
    calls = "".join(f"\n{name}()" for name in _uncalled(tree))
    return Script(program=_BESIDE.format(program=program, tests=f"{tests}{calls}"))


def _uncalled(tree: ast.Module) -> list[str]:
    """The functions `test…` without parameters, which pytest would call, that nothing names."""
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return [
        statement.name
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef)
        and statement.name.startswith("test")
        and not any(vars(statement.args).values())
        and statement.name not in named
    ]


def _check(tree: ast.Module) -> str:
    """The asserts as a function `check`; written anew, so that nothing else can be in it."""
    try:
        return f"def {_CHECK}(candidate):\n{indent(ast.unparse(tree), '    ')}\n"
    except RecursionError:
        raise UnclearError("RecursionError") from None


def _plain_call(statement: ast.stmt) -> str:
    """The function whose result for literals is all that an assert looks at; "" for any other."""
    match statement:
        case ast.Assert(test=ast.Compare(left=left, ops=[_], comparators=[right]), msg=None):
            return (_literal(right) and _called(left)) or (_literal(left) and _called(right)) or ""
        case ast.Assert(test=ast.UnaryOp(op=ast.Not(), operand=value), msg=None):
            return _called(value)
        case ast.Assert(test=value, msg=None):
            return _called(value)
    return ""


def _called(node: ast.expr) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            named = all(keyword.arg for keyword in keywords)
            values = (*args, *(keyword.value for keyword in keywords))
            return name if named and all(_literal(value) for value in values) else ""
    return ""


def _literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True
