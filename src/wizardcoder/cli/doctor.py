"""Commands that say what this machine can do: doctor, doctor sandbox, doctor ds1000."""

from __future__ import annotations

import typer

from wizardcoder.cli.options import Data

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
