"""Commands about whole runs: run, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wizardcoder.cli import options
from wizardcoder.cli.batches import naming_batches
from wizardcoder.cli.options import (
    Data,
    Force,
    LedgerFile,
    MaxHours,
    MaxTokens,
    MaxUsd,
    Out,
    Overrides,
    Replay,
    RunFolder,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("run")(run)
    app.command("report")(report)


def run(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe; default: the miniature's.", metavar="RECIPE")
    ] = None,
    out: Out = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
    ledger: LedgerFile = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_hours: MaxHours = None,
    replay: Replay = False,
) -> None:
    """Run every stage of a recipe and end with the report; the same command goes on."""
    from wizardcoder import recipe as recipes
    from wizardcoder.pipeline import open_run, run_all

    limits = options.limits(max_usd, max_tokens, max_hours)
    loaded = recipes.load(
        recipe or options.default_recipe(), [*(overrides or ()), *options.as_overrides(limits)]
    )
    folder = out or Path("runs") / loaded.name
    with options.locked(folder) as watch:
        opened = open_run(
            folder, loaded, data=data, force=force, watch=watch, ledger=ledger, replay=replay
        )
        with naming_batches(opened):
            page = run_all(opened)
    typer.echo(page)


def report(run: RunFolder = None, data: Data = None) -> None:
    """Write the report of a run: report/index.html and results.json."""
    from wizardcoder.pipeline import report as write

    with options.in_run(run, data=data, force=False) as opened:
        page = write(opened)
    typer.echo(page)
