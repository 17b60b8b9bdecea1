"""What is judged, under which limits, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from wizardcoder.records import Outcome

#: From the strongest to the weakest; `cage` says what each holds.
LEVELS = ("full", "no-namespaces", "weak")


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
class Task:
    """A program to be judged: `test` defines `check(candidate)`, which gets `entry_point`.

    `helpers` is trusted code that defines what the test uses besides (names of the problem's
    prompt). Test and helpers never reach the process that runs the program, unless a result needs
    it (see Judgement.attested).
    """

    program: str
    entry_point: str
    test: str
    helpers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of a task.

    `attested`: the judge decided, outside the process that ran the program. False when the test
    asked of a result what only the object itself can give, so that it had to run beside the program
    (still confined). `wall_limited`: the wall clock stopped it, not its use of the machine.
    """

    outcome: Outcome
    reason: str = ""
    attested: bool = True
    level: str
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    wall_limited: bool = False
