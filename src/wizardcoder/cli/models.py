"""Commands about models: train, generate, evaluate."""

from __future__ import annotations

import json
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
from wizardcoder.cli.progress import Watch
from wizardcoder.cli.scores import Request, judge, table
from wizardcoder.cli.texts import Sampling, sample_checkpoint
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.pipeline import Run

Arms = Annotated[list[str] | None, typer.Option("--arm", help="Only this arm; may be repeated.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("train")(train)
    app.command("generate")(generate)
    app.command("evaluate")(evaluate)


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
        if name not in run.recipe.arms:
            known = ", ".join(run.recipe.arms)
            raise UsageError(f"--arm {name}: {run.path} has the arms {known}")
    return arms or run.recipe.arms


def evaluate(
    target: Annotated[
        str, typer.Argument(help="A benchmark's name, or a run folder.", metavar="BENCH|RUN")
    ],
    completions: Annotated[
        list[Path] | None, typer.Option(help="A file of completions; may be repeated.")
    ] = None,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a file.")] = False,
    k: Annotated[list[int] | None, typer.Option("-k", min=1, help="pass@k for this k.")] = None,
    assembly: Annotated[
        str | None, typer.Option(help="completion or solution; default: the benchmark's own.")
    ] = None,
    partial: Annotated[bool, typer.Option(help="Score even if problems are missing.")] = False,
    level: Annotated[str, typer.Option(help="Sandbox level, or auto.")] = "auto",
    allow_weak: Annotated[bool, typer.Option(help="Go on where only `weak` holds.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Programs at a time.")] = None,
    verdicts: Annotated[
        Path | None, typer.Option(help="Write the verdicts of one file here (JSONL).")
    ] = None,
    force: Force = False,
) -> None:
    """Judge completions in the sandbox: a benchmark's on files, or all arms of a run."""
    if (Path(target) / "recipe.toml").is_file():
        if completions or as_json or k or assembly or partial or verdicts or level != "auto":
            raise UsageError(
                f"{target}: a run is judged as its recipe says; leave the options away"
            )
        _evaluate_run(Path(target), data, force)
        return
    if not completions:
        raise UsageError(f"evaluate {target}: name the files with --completions FILE")
    if verdicts is not None and (len(completions) > 1 or verdicts.exists()):
        raise UsageError(
            f"--verdicts {verdicts}: name a new file, and one --completions file to go with it"
        )
    request = Request(target, data, k or [1], assembly, partial, level, allow_weak, jobs)
    with Watch() as watch:
        for file in completions:
            score = judge(file, request, watch(f"evaluate {file.name}"), verdicts)
            typer.echo(json.dumps(score.as_json()) if as_json else table(score))


def _evaluate_run(folder: Path, data: Path | None, force: bool) -> None:
    with options.in_run(folder, data=data, force=force) as run:
        for arm in run.recipe.arms:
            for benchmark in run.recipe.evaluate.benchmarks:
                run.evaluate(arm, benchmark)
    typer.echo(run.path / "verdicts")
