"""Commands about whole runs: run, report, plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wizardcoder.cli import options
from wizardcoder.cli.options import Data, Force, LedgerFile, Out, Overrides, RunFolder


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("run")(run)
    app.command("report")(report)
    app.command("plan")(plan)


def run(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe; default: the miniature's.", metavar="RECIPE")
    ] = None,
    out: Out = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
    ledger: LedgerFile = None,
) -> None:
    """Run every stage of a recipe and end with the report; the same command goes on."""
    from wizardcoder import recipe as recipes
    from wizardcoder.pipeline import open_run, run_all

    loaded = recipes.load(recipe or options.default_recipe(), overrides or ())
    folder = out or Path("runs") / loaded.name
    with options.locked(folder) as watch:
        page = run_all(open_run(folder, loaded, data=data, force=force, watch=watch, ledger=ledger))
    typer.echo(page)


def report(run: RunFolder = None, data: Data = None) -> None:
    """Write the report of a run: report/index.html and results.json."""
    from wizardcoder.pipeline import report as write

    with options.in_run(run, data=data, force=False) as opened:
        page = write(opened)
    typer.echo(page)


def plan(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe; default: the miniature's.", metavar="RECIPE")
    ] = None,
    overrides: Overrides = None,
    data: Data = None,
) -> None:
    """Say what a recipe will do, call and cost at most; nothing is sent."""
    from wizardcoder import recipe as recipes
    from wizardcoder.pipeline import describe

    loaded = recipes.load(recipe or options.default_recipe(), overrides or ())
    typer.echo(describe(loaded, data))
