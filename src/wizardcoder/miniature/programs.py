"""Programs of the miniature world: a row of operations, written as Python and executed.

Written eagerly, a step is one statement over the whole value. Written lazily, what passes between
two steps is a generator wherever both of them can work element by element. `parse` recovers the
program from code by its syntax tree; code is never executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from wizardcoder.miniature.catalogue import OPERATIONS
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.operations import Kind, Operation, Value

#: What the world calls its functions, and the one parameter of a function by its kind.
FUNCTION_NAMES = (
    "solve", "process", "transform", "convert", "compute", "apply", "build", "run",
)  # fmt: skip
PARAMETERS: dict[Kind, tuple[str, ...]] = {
    Kind.NUMBERS: ("xs", "numbers", "values"),
    Kind.NUMBER: ("n", "number"),
    Kind.TEXT: ("s", "text"),
    Kind.WORDS: ("words", "tokens"),
}


class Style(StrEnum):
    """How a program is written."""

    EAGER = "eager"
    LAZY = "lazy"


class Step(NamedTuple):
    """An operation with its constant; None for an operation that has none."""

    operation: Operation
    constant: int | None

    @property
    def label(self) -> str:
        """The operation's name with the constant: 'add 3 to each'."""
        return self.operation.label(self.constant)

    def run(self, value: Value) -> Value:
        return self.operation.apply(value, self.constant)


Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A function of one parameter. Raises ValueError unless each step takes what the last gives."""

    name: str
    parameter: str
    steps: Steps
    style: Style = Style.EAGER

    def __post_init__(self) -> None:
        if not well_typed(self.steps):
            raise ValueError(f"these steps do not fit: {'; '.join(s.label for s in self.steps)}")

    @property
    def takes(self) -> Kind:
        return self.steps[0].operation.takes

    @property
    def shape(self) -> tuple[str, ...]:
        """The canonical program: its operations in order, names and constants abstracted."""
        return shape(self.steps)

    @property
    def signature(self) -> str:
        """The first line: 'def solve(xs):'."""
        return f"def {self.name}({self.parameter}):"

    @property
    def opening(self) -> str:
        """The first line and a comment that says the steps: what a bare model completes."""
        return f"{self.signature}\n    # {'; '.join(step.label for step in self.steps)}"

    def body(self) -> str:
        """The statements, indented, without a newline at the end."""
        *before, last = _expressions(self.parameter, self.steps, self.style)
        lines = [f"    {self.parameter} = {expression}" for expression in before]
        return "\n".join([*lines, f"    return {last}"])

    def source(self) -> str:
        """The whole function, without a newline at the end."""
        return f"{self.signature}\n{self.body()}"

    def run(self, value: Value) -> Value:
        """What the function returns, computed by the trusted operations."""
        return execute(self.steps, value)


def execute(steps: Sequence[Step], value: Value) -> Value:
    """What a row of steps makes of a value."""
    for step in steps:
        value = step.run(value)
    return value


def shape(steps: Sequence[Step]) -> tuple[str, ...]:
    """The names of the operations in order."""
    return tuple(step.operation.name for step in steps)


def well_typed(steps: Sequence[Step]) -> bool:
    """Whether there is a step and each takes what the one before gives."""
    fits = (a.operation.gives is b.operation.takes for a, b in pairwise(steps))
    return bool(steps) and all(fits)


def same_kinds(a: Sequence[Step], b: Sequence[Step]) -> bool:
    """Whether two well-typed rows of steps take the same kind and give the same kind."""
    return (
        a[0].operation.takes is b[0].operation.takes
        and a[-1].operation.gives is b[-1].operation.gives
    )


def draw_step(operations: Sequence[Operation], draw: Draw) -> Step:
    """One of the operations, with a constant of its range."""
    operation = draw.choice(operations)
    return Step(operation, draw.choice(operation.constants) if operation.constants else None)


def _expressions(variable: str, steps: Steps, style: Style) -> Iterator[str]:
    streaming = False
    for i, (operation, constant) in enumerate(steps):
        following = steps[i + 1].operation if i + 1 < len(steps) else None
        streams_on = (
            style is Style.LAZY
            and operation.yields_stream
            and following is not None
            and following.reads_stream
        )
        if streaming or streams_on:
            yield operation.write_stream(variable, constant, gather=not streams_on)
        else:
            yield operation.write(variable, constant)
        streaming = streams_on


def parse(source: str) -> Program | None:
    """The program that the code of one function is, whatever its names; None for other code.

    The style is lazy as soon as one step is a generator. Deep or malformed code is None, too.
    """
    if "\\" in source:  # never in this world, and a bad escape would make the parser warn
        return None
    try:
        (function,) = ast.parse(source).body
        return _read_function(function)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _read_function(function: ast.stmt) -> Program | None:
    match function:
        case ast.FunctionDef(name=name, args=ast.arguments(args=[ast.arg(arg=parameter)])):
            expressions = _statements(function.body, parameter)
        case _:
            return None
    for kind in _kinds_of(parameter):
        steps = _read_steps(expressions, kind)
        if steps:
            lazy = any(isinstance(e, ast.GeneratorExp) for e in expressions)
            return Program(name, parameter, steps, Style.LAZY if lazy else Style.EAGER)
    return None


def _statements(body: Sequence[ast.stmt], parameter: str) -> list[ast.expr]:
    """The expressions assigned to the parameter and the one returned, over a variable named v.

    Raises ValueError for any other statement.
    """
    expressions = []
    for position, statement in enumerate(body, start=1):
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == parameter:
                if position == len(body):
                    raise ValueError("no return")
            case ast.Return(value=ast.expr() as value) if position == len(body):
                pass
            case _:
                raise ValueError("not a statement of this world")
        expressions.append(_Rename(parameter).visit(value))
    return expressions


class _Rename(ast.NodeTransformer):
    """Calls one variable v."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(id="v", ctx=node.ctx) if node.id == self.name else node


def _kinds_of(parameter: str) -> tuple[Kind, ...]:
    named = tuple(kind for kind, names in PARAMETERS.items() if parameter in names)
    return named or tuple(Kind)


def _read_steps(expressions: Sequence[ast.expr], kind: Kind) -> Steps:
    steps: list[Step] = []
    for expression in expressions:
        step = _written_steps().get((kind, ast.unparse(expression)))
        if step is None:
            return ()
        steps.append(step)
        kind = step.operation.gives
    return tuple(steps)


@cache
def _written_steps() -> dict[tuple[Kind, str], Step]:
    """Every way to write every step over a variable named v, as `ast.unparse` writes it."""
    return {
        (operation.takes, ast.unparse(ast.parse(form, mode="eval"))): Step(operation, constant)
        for operation in OPERATIONS
        for constant in operation.constants or (None,)
        for form in _forms(operation, constant)
    }


def _forms(operation: Operation, constant: int | None) -> Iterator[str]:
    yield operation.write("v", constant)
    if operation.reads_stream:
        yield operation.write_stream("v", constant, gather=False)
        yield operation.write_stream("v", constant, gather=True)
