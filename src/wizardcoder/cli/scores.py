"""Commands about scores: evaluate, compare, headline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wizardcoder.cli import options
from wizardcoder.cli.options import Data, Force, Out
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.benchmarks import Benchmark
    from wizardcoder.evaluate import Touched
    from wizardcoder.recipe import Evaluate

_OUT = Path("runs/evaluate")
Level = Annotated[str, typer.Option(help="Sandbox level, or auto.")]
AllowWeak = Annotated[bool, typer.Option(help="Go on where only `weak` holds.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Programs at a time; default: all cores.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("evaluate")(evaluate)
    app.command("compare")(compare)
    app.command("headline")(headline)


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
        str | None, typer.Option(help="completion or solution; default: as the file says.")
    ] = None,
    partial: Annotated[bool, typer.Option(help="Score even if problems are missing.")] = False,
    level: Level = "auto",
    allow_weak: AllowWeak = False,
    jobs: Jobs = None,
    hits: Annotated[
        Path | None,
        typer.Option(
            help="The clean folder of the data that the model was trained on: score also without "
            "the problems that it touches.",
            metavar="RUN/clean",
        ),
    ] = None,
    cpu_seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Per program; default: the benchmark's own.")
    ] = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """Judge completions in the sandbox: a benchmark's on files, or all arms of a run.

    Verdicts go to OUT/BENCH-FILE/ as they fall (OUT: runs/evaluate); a command that was stopped
    goes on there.
    """
    if (Path(target) / "recipe.toml").is_file():
        if completions or as_json or k or assembly or partial or out or hits or level != "auto":
            raise UsageError(
                f"{target}: a run is judged as its recipe says; leave the options away"
            )
        _evaluate_run(Path(target), data, force)
        return
    if not completions:
        raise UsageError(f"evaluate {target}: name the files with --completions FILE")
    from wizardcoder import evaluate as judging
    from wizardcoder.cli.tables import score_table

    asked = _options(assembly, level, cpu_seconds)
    benchmark = _benchmark(target, data)
    touched = _touched(hits, benchmark) if hits else None
    with options.locked(out or _OUT) as watch:
        for file in completions:
            if out is None:
                folder = judging.new_folder(_OUT, file, benchmark, asked)
            else:
                folder = out / judging.name_of(file, benchmark)
            score = judging.judge_file(
                folder,
                file,
                benchmark,
                asked,
                k or [1],
                partial=partial,
                jobs=jobs,
                allow_weak=allow_weak,
                force=force,
                progress=watch(f"evaluate {file.name}"),
                touched=touched,
            )
            if as_json:
                typer.echo(json.dumps({**score.as_json(), "verdicts": str(folder)}))
            else:
                typer.echo(f"{score_table(score)}\n{folder}")


def _benchmark(name: str, data: Path | None) -> Benchmark:
    """The pipeline knows more names, but takes longer to import than all the rest."""
    from wizardcoder import benchmarks

    if name in benchmarks.NAMES:
        return benchmarks.load(name, data)
    from wizardcoder.pipeline.names import load_benchmark

    return load_benchmark(name, data)


def _touched(hits: Path, benchmark: Benchmark) -> Touched:
    from wizardcoder.pipeline import touching
    from wizardcoder.pipeline.names import unseen

    return touching.touched(hits, benchmark, checked=unseen(benchmark))


def _options(assembly: str | None, level: str, cpu_seconds: float | None) -> Evaluate:
    from wizardcoder.recipe import Evaluate, read_options

    given = {"assembly": assembly, "sandbox_level": level, "cpu_seconds": cpu_seconds}
    return read_options(
        Evaluate, {key: value for key, value in given.items() if value is not None}, "evaluate"
    )


def _evaluate_run(folder: Path, data: Path | None, force: bool) -> None:
    with options.in_run(folder, data=data, force=force) as run:
        for arm in run.arms:
            for benchmark in run.recipe.evaluate.benchmarks:
                run.evaluate(arm, benchmark)
    typer.echo(run.path / "verdicts")


def compare(
    a: Annotated[Path, typer.Argument(help="A folder that evaluate wrote.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another, of the same benchmark.", metavar="B")],
    as_json: AsJson = False,
) -> None:
    """Say how B differs from A, problem by problem: what flipped, and whether that is chance."""
    from wizardcoder import evaluate as judging
    from wizardcoder.cli.tables import comparison

    found = judging.compare(judging.read_judged(a), judging.read_judged(b))
    typer.echo(json.dumps(found.as_json()) if as_json else comparison(found))


def headline(
    data: Data = None,
    as_json: AsJson = False,
    level: Level = "auto",
    allow_weak: AllowWeak = False,
    jobs: Jobs = None,
    out: Out = None,
) -> None:
    """The paper's headline, from the real generations: WizardCoder, Claude-Plus, Claude, Bard.

    On HumanEval and HumanEval+, with intervals, and the published numbers beside.
    """
    from wizardcoder.cli.tables import headline_table
    from wizardcoder.pipeline import headline as measure

    asked = _options(None, level, None)
    with options.locked(out or _OUT) as watch:
        found = measure(out or _OUT, data, asked, watch, jobs=jobs, allow_weak=allow_weak)
    typer.echo(json.dumps(found.as_json()) if as_json else headline_table(found))
