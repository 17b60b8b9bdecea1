"""The programs of the suite, as they lie in `programs/*.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from wizardcoder.records import Outcome
from wizardcoder.sandbox.limits import LEVELS

_FOLDER = Path(__file__).parent / "programs"
_TEST = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate(3) == 9
"""
_BEATEN = frozenset(Outcome) - {Outcome.PASSED, Outcome.INFRA_ERROR, Outcome.NOT_RUN}


class Attack(StrEnum):
    """What a program is after."""

    VERDICT = "verdict"  # to be judged passed without solving the problem
    JUDGE = "judge"  # that the trusted side fails, hangs or bursts over its answer
    MACHINE = "machine"  # files, processes, secrets, sockets, the kernel
    RESOURCES = "resources"  # more time, memory, disk or processes than it may use
    NOTHING = "nothing"  # an odd program that does no harm


_CONTAINED = tuple(level for level in LEVELS if level != "weak")
#: The levels that promise to hold an attack: `weak` contains nothing.
_LEVELS = {
    Attack.VERDICT: LEVELS,
    Attack.JUDGE: LEVELS,
    Attack.MACHINE: _CONTAINED,
    Attack.RESOURCES: _CONTAINED,
    Attack.NOTHING: LEVELS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program of the suite.

    It defines `f`, which gives the right answer only where its attack worked; a benign one always.
    `group` is the file that it lies in; `expect` are the outcomes that a sandbox may give, `levels`
    those that promise to hold it. `squares`: the right answer is the square of the argument.
    """

    name: str
    group: str
    attacks: Attack
    code: str
    test: str
    expect: frozenset[Outcome]
    levels: tuple[str, ...]
    squares: bool


def programs() -> list[Program]:
    """All programs, by group."""
    return [program for path in sorted(_FOLDER.glob("*.toml")) for program in _read(path)]


def _read(path: Path) -> list[Program]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [_program(path.stem, table["attacks"], row) for row in table["program"]]


def _program(group: str, usually: str, row: dict[str, str | list[str]]) -> Program:
    attacks = Attack(str(row.get("attacks", usually)))
    expected = {Outcome.PASSED} if attacks is Attack.NOTHING else _BEATEN
    return Program(
        name=str(row["name"]),
        group=group,
        attacks=attacks,
        code=str(row["code"]),
        test=str(row.get("test", _TEST)),
        expect=frozenset(map(Outcome, row.get("expect", expected))),
        levels=tuple(row.get("levels", _LEVELS[attacks])),
        squares="test" not in row,
    )
