"""What is judged, under which limits, and what comes out."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any

from wizardcoder.records import Outcome

#: From the strongest to the weakest; `cage` says what each holds.
LEVELS = ("full", "no-namespaces", "weak")
#: The parts of a case file: a benchmark's original inputs, and what others added.
BASE, PLUS = "base", "plus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use, all its processes together where that can be measured.

    `cpu_seconds` bounds the time that is the program's own: it computes, or it sleeps. Waiting for
    a processor does not count, so that a busy machine changes no verdict. `wall_seconds` is a
    generous backstop. `result_bytes` bounds one returned value, encoded.
    """

    cpu_seconds: float = 3.0
    wall_seconds: float = 30.0
    memory_bytes: int = 4 << 30
    scratch_bytes: int = 64 << 20
    processes: int = 64
    open_files: int = 128
    result_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The Python (3.10 or later) that runs programs, as all of them find it.

    `preload`: modules that are imported once, beside the common ones of the standard library (any
    that is missing is left out). `variables`: what its environment holds besides the usual.
    """

    python: str = sys.executable
    preload: tuple[str, ...] = ("numpy",)
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A program to be judged by a test: it defines `check(candidate)`, which gets `entry_point`.

    `helpers` is trusted code that defines what the test uses besides (names of the problem's
    prompt). Test and helpers never reach the process that runs the program, unless a result needs
    it (see Judgement.attested).
    """

    program: str
    entry_point: str
    test: str
    helpers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """A program to be judged by what `entry_point` returns for many inputs.

    `cases` is the path of a case file: inputs, expected results and how they are compared.
    """

    program: str
    entry_point: str
    cases: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A program that holds its own test: it passes when it ends without an exception.

    Never attested: the program could have decided that by itself.
    """

    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A program whose results are what others are judged by: it turns a draft into a case file.

    `draft` and `cases` are the paths of both.
    """

    program: str
    entry_point: str
    draft: str
    cases: str


Task = Check | Cases | Script | Reference
_KINDS: dict[str, type[Check | Cases | Script | Reference]] = {
    kind.__name__: kind for kind in (Check, Cases, Script, Reference)
}


def dump(task: Task) -> dict[str, Any]:
    """A task as JSON."""
    return {"kind": type(task).__name__, **asdict(task)}


def load(table: dict[str, Any]) -> Task:
    """The task of a JSON table that `dump` made."""
    fields = dict(table)
    return _KINDS[fields.pop("kind")](**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of a task.

    `attested`: the judge decided, outside the process that ran the program. False when the test
    asked of a result what only the object itself can give, so that it had to run beside the program
    (still confined). `wall_limited`: the wall clock stopped it, not its use of the machine. `base`:
    whether it passed the cases that come first, the benchmark's original ones; None without such.
    """

    outcome: Outcome
    reason: str = ""
    attested: bool = True
    level: str
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    wall_limited: bool = False
    base: bool | None = None
