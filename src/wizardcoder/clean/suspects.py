"""The functions of a text that could be the one that a problem asks for, as programs to be judged.

Whatever else stands in the text is kept as far as a function may need it, and must not get in its
way: a statement that fails is passed over, and examples of use are left out. Code is parsed here,
never run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from textwrap import dedent
from typing import NamedTuple

from wizardcoder import extraction
from wizardcoder.records import Problem
from wizardcoder.sandbox import syntax

#: So many functions of a record are tried for a problem at most, those with its name first.
MOST_TRIED = 16

_NEEDED = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.Try,  # an import with a second choice
)
_LAZY_ANNOTATIONS = "from __future__ import annotations"  # a leak may lack what they name


class Suspects(NamedTuple):
    """Programs that each bind one function to the name asked for; `left_out` of others were not
    made, because there are too many.
    """

    programs: list[str]
    left_out: int


class _Candidate(NamedTuple):
    name: str
    expression: str  # what it is called as
    module: ast.Module


def suspects(texts: Iterable[str], problem: Problem) -> Suspects:
    """The programs of some texts for one problem, each once."""
    arguments = _arguments_asked_for(problem)
    found = [candidate for text in texts for candidate in _candidates(text, arguments)]
    found.sort(key=lambda candidate: candidate.name != problem.entry_point)
    setting = _setting(problem)
    programs = [_program(setting, each, problem.entry_point) for each in found[:MOST_TRIED]]
    return Suspects(list(dict.fromkeys(filter(None, programs))), max(0, len(found) - MOST_TRIED))


def _candidates(text: str, arguments: int | None) -> Iterator[_Candidate]:
    """Every function and method in the code of a text that takes so many arguments (None: any)."""
    for code in extraction.blocks(text):
        if "def " not in code or (module := _parsed(dedent(code))) is None:
            continue
        for statement in module.body:
            if isinstance(statement, ast.FunctionDef) and _takes(statement, arguments):
                yield _Candidate(statement.name, statement.name, module)
            elif isinstance(statement, ast.ClassDef):
                for method in _methods(statement, arguments):
                    yield _Candidate(method, f"{statement.name}().{method}", module)


def _methods(of: ast.ClassDef, arguments: int | None) -> Iterator[str]:
    """The methods of a class that take so many arguments besides the object."""
    for node in of.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
            marks = (getattr(mark, "id", "") for mark in node.decorator_list)
            if _takes(node, arguments, bound=0 if "staticmethod" in marks else 1):
                yield node.name


def _takes(function: ast.FunctionDef, arguments: int | None, bound: int = 0) -> bool:
    """Whether a function can be called with so many arguments, `bound` ones aside."""
    if arguments is None:
        return True
    given = function.args
    most = len(given.posonlyargs) + len(given.args) - bound
    least = most - len(given.defaults)
    named = any(default is None for default in given.kw_defaults)  # must be given by name
    return least <= arguments and (arguments <= most or given.vararg is not None) and not named


def _arguments_asked_for(problem: Problem) -> int | None:
    """How many arguments the problem's own solution has to be given; None where it is unclear."""
    for code in (problem.prompt + problem.canonical_solution, problem.canonical_solution):
        module = _parsed(code)
        for node in reversed(module.body) if module else ():
            if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point:
                return len(node.args.posonlyargs + node.args.args) - len(node.args.defaults)
    return None


def _setting(problem: Problem) -> list[ast.stmt]:
    """What a problem's prompt gives besides the function to be written: imports and helpers."""
    module = _parsed(problem.prompt) or _parsed(f"{problem.prompt.rstrip()}\n    pass\n")
    statements = module.body if module else []
    return [
        node
        for node in statements
        if _is_needed(node) and getattr(node, "name", "") != problem.entry_point
    ]


def _program(setting: Iterable[ast.stmt], candidate: _Candidate, entry_point: str) -> str:
    """The program of a candidate; "" where it cannot be written down."""
    body = [*setting, *(_attempt(node) for node in candidate.module.body if _is_needed(node))]
    try:
        text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    except (RecursionError, ValueError):
        return ""
    return f"{_LAZY_ANNOTATIONS}\n{text}\n{entry_point} = {candidate.expression}\n"


def _is_needed(node: ast.stmt) -> bool:
    from_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return isinstance(node, _NEEDED) and not from_future


def _attempt(node: ast.stmt) -> ast.stmt:
    """A statement that is passed over where it fails: a package that is absent, no input.

    A plain function stays as it is, so that the judge sees whether it is one of the problem's own.
    """
    if isinstance(node, ast.FunctionDef) and not node.decorator_list:
        return node
    passed_over = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    return ast.Try([node], [passed_over], [], [])


def _parsed(code: str) -> ast.Module | None:
    try:
        return syntax.parse(code)
    except (SyntaxError, syntax.UnclearError):
        return None
