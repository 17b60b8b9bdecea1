"""What every benchmark is: problems, a way to build programs, and the hash of its data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from wizardcoder import extraction
from wizardcoder.benchmarks.rows import Row
from wizardcoder.extraction import Extracted
from wizardcoder.records import Problem

#: `completion`: the code continues the problem's prompt. `solution`: it stands alone.
Assembly = Literal["completion", "solution"]


class Examples(NamedTuple):
    """The inputs that a problem is judged on, each a list of arguments; `base` come first.

    Results are compared with the canonical solution's by `oracle` (see `sandbox`); `atol` is the
    absolute tolerance, 0 for an exact comparison.
    """

    base: list[list[Any]]
    plus: list[list[Any]]
    atol: float
    oracle: str


class Answer(NamedTuple):
    """A row of an answer file in a benchmark's own format; `text` as the model gave it."""

    task_id: str
    text: str


class Runtime(NamedTuple):
    """What the programs of a problem run on: a Python, "" for this one, and how it is set up.

    `preload`: modules that are loaded once for all programs. `variables`: its environment.
    `lacks`: why it cannot run the problem, "" when it can.
    """

    python: str = ""
    preload: tuple[str, ...] = ("numpy",)
    variables: tuple[tuple[str, str], ...] = ()
    lacks: str = ""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Problems in their official order.

    `data_sha256` identifies the data: the file's hash, or `digest(problems)`. `assembly` is how
    the benchmark is officially scored, `extractor` how code is taken out of an answer, `stops`
    what ends a base model's continuation, and `cpu_seconds` the time limit of a program. `notes`:
    what every result has to say.

    A problem is judged by its own test, or by `examples`, or, `as_script`, by running the
    assembled program, which then holds its test.
    """

    name: str
    problems: tuple[Problem, ...]
    data_sha256: str
    assembly: Assembly = "completion"
    extractor: Callable[[str], Extracted] = extraction.from_answer
    stops: tuple[str, ...] = ()
    cpu_seconds: float = 3.0
    notes: tuple[str, ...] = ()
    examples: Callable[[Problem], Examples] | None = None
    as_script: bool = False

    @cached_property
    def by_id(self) -> dict[str, Problem]:
        """The problems by task id, in order."""
        return {problem.task_id: problem for problem in self.problems}

    def extract(self, text: str) -> Extracted:
        """The code of an answer, and what was cut."""
        return self.extractor(text)

    def continuation(self, text: str) -> Extracted:
        """What a base model's text adds to the prompt, up to the first stop sequence."""
        return extraction.until_stop(text, self.stops)

    def answer(self, row: Row) -> Answer | None:
        """A row of the authors' own answer files, None when it is no such row.

        Raises InputError for one that is malformed.
        """
        return None

    def assemble(self, problem: Problem, code: str, mode: Assembly | None = None) -> str:
        """The program that is run for a completion, in the official mode unless told."""
        return code if (mode or self.assembly) == "solution" else problem.prompt + code

    def runtime(self, problem: Problem) -> Runtime:
        """What programs for this problem run on. Raises UsageError where it is not installed."""
        return Runtime()

    @property
    def surroundings(self) -> str:
        """Identifies what programs run on, where that is more than this Python."""
        return ""

    def helpers(self, problem: Problem) -> str:
        """Trusted code with the names of the prompt that the problem's test may use.

        "" where answers officially stand alone: what a test uses there must come from the answer.
        """
        return "" if self.assembly == "solution" else problem.prompt + problem.canonical_solution


def digest(problems: Iterable[Problem]) -> str:
    """The hash of problems that come from no file."""
    text = json.dumps([_values(problem) for problem in problems])
    return hashlib.sha256(text.encode()).hexdigest()


def _values(problem: Problem) -> tuple[str, ...]:
    """All that a problem is; without a variant as before there were any, to keep its hash."""
    values = astuple(problem)
    return values if problem.variant else values[:-1]
