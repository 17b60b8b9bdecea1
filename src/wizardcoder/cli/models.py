"""Commands about models: train, generate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wizardcoder.cli import options
from wizardcoder.cli.options import (
    Data,
    Force,
    Out,
    Overrides,
    RecipeFile,
    Source,
    opened,
)
from wizardcoder.cli.texts import Sampling, sample_checkpoint
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.pipeline import Run

Arms = Annotated[list[str] | None, typer.Option("--arm", help="Only this arm; may be repeated.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("train")(train)
    app.command("generate")(generate)


def train(
    source: Source = None,
    arm: Arms = None,
    base: Annotated[str | None, typer.Option(help="The model to tune: a folder or name.")] = None,
    out: Out = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
) -> None:
    """Tune the base model on the data of each arm, into model/ARM/."""
    given = {"base.model": base}
    with opened("train", source, out, recipe, overrides, given, data, force, evolves=False) as run:
        run.seeds()
        run.clean()
        run.base()
        for name in _chosen(run, arm):
            if name != "base":
                run.train(name)
    typer.echo(run.path / "model")


def generate(
    source: Annotated[
        Path | None, typer.Argument(help="A run, or a checkpoint folder.", metavar="SOURCE")
    ] = None,
    arm: Arms = None,
    benchmark: Annotated[
        str | None, typer.Option(help="For a checkpoint: the benchmark to answer.")
    ] = None,
    completion: Annotated[
        bool, typer.Option("--completion", help="A base model: let it continue code.")
    ] = False,
    out: Out = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
) -> None:
    """Sample completions: of a run's models, or of one checkpoint for one benchmark."""
    if source is not None and (source / "config.json").is_file():
        wanted = options.recipe_of(recipe, overrides or ())
        asked = Sampling(source, benchmark, completion, wanted, data, force)
        typer.echo(sample_checkpoint(asked, options.stage_folder(out, "generate")))
        return
    if benchmark or completion or out or recipe or overrides:
        raise UsageError(
            f"{source or 'the newest run'}: a run is sampled as its recipe says; leave the options "
            "away, or name a checkpoint folder"
        )
    with options.in_run(source, data=data, force=force) as run:
        for name in _chosen(run, arm):
            for each in run.recipe.evaluate.benchmarks:
                run.generate(name, each)
    typer.echo(run.path / "completions")


def _chosen(run: Run, arms: list[str] | None) -> list[str]:
    """The arms that were asked for, or all. Raises UsageError for one that the run has not."""
    for name in arms or ():
        if name not in run.arms:
            known = ", ".join(run.arms)
            raise UsageError(f"--arm {name}: {run.path} has the arms {known}")
    return arms or run.arms
