"""Runs the programs at one level, and looks from outside for what they did."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from wizardcoder.errors import SandboxError
from wizardcoder.records import Outcome
from wizardcoder.sandbox import casefile
from wizardcoder.sandbox.box import Sandbox
from wizardcoder.sandbox.conformance.programs import Attack, Program, programs
from wizardcoder.sandbox.conformance.surroundings import SECRET, Surroundings
from wizardcoder.sandbox.conformance.traces import end, survivors, traces
from wizardcoder.sandbox.limits import (
    BASE,
    PLUS,
    Cases,
    Check,
    Interpreter,
    Judgement,
    Limits,
    Reference,
)

#: Attacks run into their limits soon; what does no harm gets what it may ask for.
_TIGHT = Limits(cpu_seconds=0.5, wall_seconds=15.0, memory_bytes=512 << 20)
_ROOMY = Limits(memory_bytes=1 << 30)
_GRACE_SECONDS = 3.0


class Violation(NamedTuple):
    """A promise that was broken: by which program, and what shows it."""

    program: Program
    evidence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of the suite. `tried`: how many programs, by group."""

    level: str
    as_root: bool
    tried: dict[str, int]
    violations: tuple[Violation, ...]
    seconds: float

    @property
    def held(self) -> bool:
        return not self.violations


def run(
    level: str = "auto",
    *,
    allow_weak: bool = False,
    jobs: int = 2,
    interpreter: Interpreter = Interpreter(),  # noqa: B008 (immutable)
    chosen: Sequence[Program] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Tries all programs, or those `chosen`, at a level (see Sandbox), and says what they achieved.

    Programs that break what the level does not promise are left out. `progress` gets the number of
    programs tried and of all. Takes about half a minute. Raises SandboxError where the level is not
    to be had.
    """
    started = time.monotonic()

    def opened(limits: Limits) -> Sandbox:
        return Sandbox(
            limits, level=level, allow_weak=allow_weak, jobs=jobs, interpreter=interpreter
        )

    with _prepared() as folder, ExitStack() as stack:
        with opened(_TIGHT) as tight:
            level = tight.level
            pool = [p for p in (programs() if chosen is None else chosen) if level in p.levels]
            cases = _squares(tight, folder)
            trials = [_Trial.of(program, folder, stack) for program in pool]
            trials += [_Trial.of(p, folder, stack, cases) for p in pool if _is_answered(p)]
            harmful = [t for t in trials if t.program.attacks is not Attack.NOTHING]
            for done, _ in enumerate(_judge(tight, harmful), 1):
                progress(done, len(trials))
        with opened(_ROOMY) as roomy:
            odd = [t for t in trials if t.program.attacks is Attack.NOTHING]
            for done, _ in enumerate(_judge(roomy, odd), len(harmful) + 1):
                progress(done, len(trials))
        for trial in trials:  # what came late, or came when the sandbox was closed
            trial.look()
    return Report(
        level=level,
        as_root=os.geteuid() == 0,
        tried=dict(Counter(program.group for program in pool)),
        violations=tuple(Violation(t.program, "; ".join(t.evidence)) for t in trials if t.evidence),
        seconds=round(time.monotonic() - started, 1),
    )


@dataclass(slots=True)
class _Trial:
    """A program in its surroundings, and what shows that it was not held.

    `cases`: the path of a case file, where that is to judge it and not its test.
    """

    program: Program
    surroundings: Surroundings
    cases: str
    evidence: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, program: Program, folder: Path, stack: ExitStack, cases: str = "") -> _Trial:
        place = folder / secrets.token_hex(4)
        return cls(program, stack.enter_context(Surroundings(place, program.code)), cases)

    @property
    def task(self) -> Check | Cases:
        program = self.surroundings.program()
        if self.cases:
            return Cases(program=program, entry_point="f", cases=self.cases)
        return Check(program=program, entry_point="f", test=self.program.test)

    def judged(self, judgement: Judgement) -> None:
        outcome = judgement.outcome
        if outcome not in self.program.expect:
            judged = f"judged {outcome} by cases" if self.cases else f"judged {outcome}"
            self.evidence.append(f"{judged}: {judgement.reason}" if judgement.reason else judged)

    def look(self) -> None:
        """Looks at the machine. What is being ended may take a moment to be gone."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while (left := self._traces()) and time.monotonic() < deadline:
            time.sleep(0.05)
        if left:
            end(survivors(self.surroundings.mark))
        for effect in (*left, *self.surroundings.effects()):
            if effect not in self.evidence:
                self.evidence.append(effect)

    def _traces(self) -> list[str]:
        return traces(self.surroundings.mark) if "MARK" in self.program.code else []


def _judge(box: Sandbox, trials: Sequence[_Trial]) -> Iterator[_Trial]:
    """Judges all; they come back with their evidence, if any, in whatever order they end."""
    for number, judgement in box.judge_all(trial.task for trial in trials):
        trials[number].judged(judgement)
        trials[number].look()
        yield trials[number]
    after = box.judge(program="def f(x): return x", entry_point="f", test="def check(_): pass")
    if trials and after.outcome is not Outcome.PASSED:
        trials[-1].evidence.append(f"afterwards the sandbox judges nothing: {after.reason}")


def _squares(box: Sandbox, folder: Path) -> str:
    """The path of a case file that asks for squares."""
    draft, cases = str(folder / "draft"), str(folder / "cases")
    parts = {BASE: [[2]], PLUS: [[3]]}
    casefile.write_draft(Path(draft), entry_point="f", oracle="equal", atol=0.0, parts=parts)
    square = "def f(x): return x * x"
    task = Reference(program=square, entry_point="f", draft=draft, cases=cases)
    ((_, judgement),) = box.judge_all([task])
    if judgement.outcome is not Outcome.PASSED:
        raise SandboxError(f"the sandbox does not even square: {judgement.reason}")
    return cases


def _is_answered(program: Program) -> bool:
    """Whether cases can judge it too: it is about what it returns, and they ask for that."""
    return program.squares and program.attacks not in {Attack.MACHINE, Attack.RESOURCES}


@contextmanager
def _prepared() -> Iterator[Path]:
    """A folder that everybody may enter, and a secret in the environment."""
    folder = Path(tempfile.mkdtemp(prefix="wizardcoder-conformance-"))
    folder.chmod(0o755)
    os.environ[SECRET] = secrets.token_hex(8)
    try:
        yield folder
    finally:
        del os.environ[SECRET]
        shutil.rmtree(folder, ignore_errors=True)
