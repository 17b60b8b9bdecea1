"""What `doctor sandbox` prints: the levels of this machine, and what the suite found."""

from __future__ import annotations

import json
from collections import Counter

import typer

from wizardcoder.cli.progress import Watch
from wizardcoder.sandbox import conformance
from wizardcoder.sandbox.conformance import Report, Rung


def show_ladder(rungs: list[Rung]) -> None:
    for rung in rungs:
        typer.echo(f"{'ok ' if rung.holds else '-- '} {rung.level:<14} {rung.reason}".rstrip())


def run_suite(level: str, *, allow_weak: bool, jobs: int) -> Report:
    """Runs it, showing how far it is."""
    with Watch() as watch:
        show = watch("doctor sandbox")
        return conformance.run(level, allow_weak=allow_weak, jobs=jobs, progress=show)


def show_report(report: Report) -> None:
    """A line for each class of programs, then what was broken, in words."""
    broken = Counter(violation.program.group for violation in report.violations)
    width = max(map(len, report.tried))
    for group, count in report.tried.items():
        sign = "-- " if broken[group] else "ok "
        typer.echo(f"{sign} {group:<{width}}  {count - broken[group]:>3} of {count} held")
    for program, evidence in report.violations:
        typer.echo(f"BROKEN  {program.group}: {program.name}: {evidence}")
    typer.echo(_sum(report))


def as_json(rungs: list[Rung], report: Report | None) -> str:
    table: dict[str, object] = {"levels": [rung._asdict() for rung in rungs]}
    if report:
        table |= {
            "level": report.level,
            "as_root": report.as_root,
            "tried": report.tried,
            "violations": [
                {
                    "program": program.name,
                    "group": program.group,
                    "attacks": program.attacks,
                    "evidence": evidence,
                }
                for program, evidence in report.violations
            ],
            "seconds": report.seconds,
        }
    return json.dumps(table)


def _sum(report: Report) -> str:
    count, broken = sum(report.tried.values()), len(report.violations)
    user = "root" if report.as_root else "an ordinary user"
    verdict = f"broken by {broken} of {count}" if broken else f"held all {count} programs"
    return f"sandbox level '{report.level}', as {user}: {verdict} in {report.seconds:.0f} s"
