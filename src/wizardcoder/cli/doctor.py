"""Commands that say what this machine can do: doctor, doctor sandbox, doctor ds1000."""

from __future__ import annotations

from typing import Annotated

import typer

from wizardcoder.cli.options import Data
from wizardcoder.errors import UsageError

doctor = typer.Typer(
    help="Say what this machine can do: packages, sandbox level, data at hand.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(doctor, name="doctor")


@doctor.callback()
def everything(context: typer.Context, data: Data = None) -> None:
    """Say what this machine can do: packages, sandbox level, data at hand."""
    if context.invoked_subcommand is not None:
        return
    from wizardcoder.pipeline import diagnose

    findings = diagnose(data)
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        typer.echo(f"{'ok ' if finding.good else '-- '} {finding.what:<{width}}  {finding.says}")


@doctor.command("sandbox")
def sandbox(
    level: Annotated[str, typer.Option(help="Try this level; auto: the strongest here.")] = "auto",
    allow_weak: Annotated[bool, typer.Option(help="Go on where only `weak` holds.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Only say which levels hold.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Programs at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Attack the sandbox here with some 300 programs, and say what held; exit code 1 if not all.

    The programs are after files, secrets, sockets, processes and their own verdicts; what they are
    after is set up in a temporary folder.
    """
    from wizardcoder.cli import conformance as suite
    from wizardcoder.sandbox import conformance

    rungs = conformance.ladder()
    if not as_json:
        suite.show_ladder(rungs)
    report = None if quick else suite.run_suite(level, allow_weak=allow_weak, jobs=jobs)
    if as_json:
        typer.echo(suite.as_json(rungs, report))
    elif report:
        suite.show_report(report)
    return 0 if report is None or report.held else 1


@doctor.command("ds1000")
def ds1000(
    install: Annotated[
        bool, typer.Option("--install", help="Install it, in the cache folder.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --install: stop after the download's size.")
    ] = False,
    python: Annotated[
        str | None, typer.Option(help="The Python to install for (the authors': 3.10).")
    ] = None,
    data: Data = None,
) -> None:
    """Say which problems of DS-1000 can run here; --install makes its environment."""
    from wizardcoder.cli import libraries

    if install:
        libraries.install(python, dry_run=dry_run)
    elif dry_run or python:
        raise UsageError("--dry-run and --python go with --install")
    if not dry_run:
        libraries.show(data)
