"""What HumanEval+ and MBPP+ have in common: rows with a solution and with thousands of inputs.

The inputs are most of a file. They stay text until a problem's are asked for (`Inputs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from wizardcoder.benchmarks import rows
from wizardcoder.benchmarks.benchmark import Examples
from wizardcoder.benchmarks.rows import Row
from wizardcoder.errors import InputError
from wizardcoder.records import Problem

#: A program's limit as a whole: a minute for each of two parts, and to spare. `sandbox` has others
#: for each input and part.
CPU_SECONDS = 125.0
#: From here on a row of the released files holds inputs; what is before has these fields.
_INPUTS = b', "base_input": '

_HEAD_FIELDS = frozenset({"task_id", "prompt", "entry_point", "canonical_solution"})

#: How an input, read from JSON, becomes a list of arguments; by task id.
Shape = Callable[[list[Any]], Iterable[Any]]


class Inputs:
    """The lines of a file; a call with a problem gives its examples. Raises InputError there."""

    def __init__(
        self, path: Path, oracles: dict[str, str], shape: Callable[[Problem], Shape | None]
    ) -> None:
        self._path = path
        self._oracles = oracles
        self._shape = shape
        self._lines: dict[str, tuple[int, bytes]] = {}

    def problems(self, instruct: Callable[[str], str]) -> tuple[Problem, ...]:
        """The problems, in order; `instruct` makes an instruction of a prompt."""
        return tuple(_problem(row, instruct) for row in self._heads())

    def _heads(self) -> Iterable[Row]:
        """The rows, in order, without what follows the solution where that can be left unread."""
        for number, line in rows.lines(self._path):
            head, found, _ = line.partition(_INPUTS)
            row = rows.parse(self._path, number, head + b"}" if found else line)
            if not row.table.keys() >= _HEAD_FIELDS:
                row = rows.parse(self._path, number, line)
            self._lines[row.text("task_id")] = number, line
            yield row
        if not self._lines:
            raise InputError(self._path, problem="holds no problem")

    def __call__(self, problem: Problem) -> Examples:
        row = rows.parse(self._path, *self._lines[problem.task_id])
        shape = self._shape(problem)
        return Examples(
            base=_shaped(row, "base_input", shape),
            plus=_shaped(row, "plus_input", shape),
            atol=row.number("atol"),
            oracle=self._oracles.get(problem.entry_point, "equal"),
        )


def _problem(row: Row, instruct: Callable[[str], str]) -> Problem:
    prompt = row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        instruction=instruct(prompt),
        entry_point=row.text("entry_point"),
        test="",
        canonical_solution=row.text("canonical_solution"),
    )


def _shaped(row: Row, field: str, shape: Shape | None) -> list[list[Any]]:
    inputs = row.table.get(field)
    if inputs == {}:  # an input of Mbpp/793 has none
        return []
    if not isinstance(inputs, list) or not all(isinstance(item, list) for item in inputs):
        raise row.error(field, "is not a list of lists of arguments", inputs)
    if shape is None:
        return inputs
    try:
        return [list(shape(item)) for item in inputs]
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise row.error(field, f"has other inputs than its task ({error})", inputs) from None
