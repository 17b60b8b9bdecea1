"""Commands that make data: seeds, evolve. On a run folder, or on a seed file.

Seeds become a run folder of their own (--out), so that every later command can go on in it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from wizardcoder.cli.options import (
    Data,
    Force,
    LedgerFile,
    MaxHours,
    MaxTokens,
    MaxUsd,
    Out,
    Overrides,
    RecipeFile,
    Replay,
    Source,
    limits,
    opened,
)

Count = Annotated[int | None, typer.Option(min=1, help="Only the first so many seeds.")]
Licence = Annotated[str | None, typer.Option(help="The licence of the seeds (SPDX).")]
Format = Annotated[
    str | None, typer.Option(help="Of the rows: alpaca, sharegpt, chat; default: look.")
]

Endpoint = Annotated[str | None, typer.Option(help="The teacher's URL.")]
Model = Annotated[str | None, typer.Option(help="The teacher's model.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("seeds")(seeds)
    app.command("evolve")(evolve)


def seeds(
    source: Source = None,
    out: Out = None,
    count: Count = None,
    licence: Licence = None,
    format: Format = None,
    endpoint: Endpoint = None,
    model: Model = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    ledger: LedgerFile = None,
    force: Force = False,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_hours: MaxHours = None,
    replay: Replay = False,
) -> None:
    """Read or make seed instructions, into seeds/."""
    given = {
        "seeds.count": count,
        "seeds.licence": licence,
        "seeds.format": format,
        "teacher.endpoint": endpoint,
        "teacher.model": model,
        **limits(max_usd, max_tokens, max_hours),
    }
    with opened(
        *("seeds", source, out, recipe, overrides, given, data, force, ledger), replay=replay
    ) as run:
        run.seeds()
    typer.echo(run.path / "seeds")


def evolve(
    source: Source = None,
    out: Out = None,
    count: Count = None,
    rounds: Annotated[int | None, typer.Option(min=0, help="Rounds to evolve.")] = None,
    endpoint: Endpoint = None,
    model: Model = None,
    licence: Licence = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    ledger: LedgerFile = None,
    force: Force = False,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_hours: MaxHours = None,
    replay: Replay = False,
) -> None:
    """Evolve seeds with a teacher and answer what was evolved, into evolved/."""
    given = {
        "seeds.count": count,
        "seeds.licence": licence,
        "evolve.rounds": rounds,
        "teacher.endpoint": endpoint,
        "teacher.model": model,
        **limits(max_usd, max_tokens, max_hours),
    }
    with opened(
        *("evolve", source, out, recipe, overrides, given, data, force, ledger), replay=replay
    ) as run:
        run.seeds()
        run.evolve()
    typer.echo(run.path / "evolved")
