"""The command `clean`: of a run, or of anyone's data files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wizardcoder.cli.options import Data, Force, Out, Overrides, RecipeFile, opened
from wizardcoder.errors import MissingDataError, UsageError

if TYPE_CHECKING:
    from wizardcoder.pipeline import Run

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Data files (Alpaca, chat, ShareGPT or our own tables; JSON, JSONL(.gz), Parquet), "
        "hf:OWNER/NAME, or a run folder; default: the newest run in runs/.",
        metavar="FILE...|RUN",
    ),
]
Format = Annotated[
    str | None, typer.Option(help="Of the rows: alpaca, sharegpt, chat; default: look.")
]
Benchmarks = Annotated[
    list[str] | None,
    typer.Option(
        "--benchmark",
        help="What must not be in the data: a benchmark, or a file of problems; may be repeated. "
        "Default: humaneval and mbpp.",
        metavar="NAME|FILE",
    ),
]
NoBenchmarks = Annotated[
    bool, typer.Option("--no-benchmarks", help="Compare with none; needs no --data.")
]
NoNear = Annotated[bool, typer.Option("--no-near-duplicates", help="Remove exact duplicates only.")]
Behaviour = Annotated[
    bool,
    typer.Option(
        "--behaviour", help="Run the benchmarks' tests on the functions of flagged records."
    ),
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes; default: all cores.")]
Licence = Annotated[str | None, typer.Option(help="The licence of the data (SPDX).")]
Count = Annotated[int | None, typer.Option(min=1, help="Only the first so many records.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one object, for scripts.")]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("clean")(clean)


def clean(
    files: Files = None,
    out: Out = None,
    format: Format = None,
    benchmark: Benchmarks = None,
    no_benchmarks: NoBenchmarks = False,
    no_near_duplicates: NoNear = False,
    behaviour: Behaviour = False,
    jobs: Jobs = None,
    count: Count = None,
    licence: Licence = None,
    as_json: AsJson = False,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
) -> None:
    """Remove duplicates, what leaked from benchmarks and what is no answer, into clean/.

    A row that cannot be read is rejected, with its file and line, and the others go on.
    """
    from wizardcoder.pipeline.names import check_targets

    if benchmark and no_benchmarks:
        raise UsageError("--benchmark and --no-benchmarks: give one of the two")
    given: dict[str, object] = {
        "seeds.format": format,
        "seeds.count": count,
        "seeds.licence": licence,
        **_benchmarks([] if no_benchmarks else benchmark),
        **({"clean.near_duplicates": False} if no_near_duplicates else {}),
        **({"clean.behaviour": True} if behaviour else {}),
    }
    with _opened(files or [], out, recipe, overrides, given, data, force) as run:
        check_targets(run.recipe, run.data)  # before minutes are spent on reading
        read = run.seeds()["counts"]
        cleaned = run.clean(jobs=jobs)["counts"]
    if as_json:
        folder = str(run.path / "clean")
        typer.echo(json.dumps({"folder": folder, "read": read, "cleaned": cleaned}))
        return
    from wizardcoder.cli.clean_tables import summary

    typer.echo("\n".join(summary(run.path, read, cleaned)))
    typer.echo(run.path / "clean")


def _benchmarks(given: Sequence[str] | None) -> dict[str, object]:
    """`--benchmark` as keys of a recipe. Raises MissingDataError for a path to no file."""
    if given is None:
        return {}
    for name in given:
        if (Path(name).suffix or "/" in name) and not Path(name).is_file():
            raise MissingDataError(f"--benchmark {name}: there is no such file of problems")
    files = [str(Path(name).resolve()) for name in given if Path(name).is_file()]
    named = [name for name in given if not Path(name).is_file()]
    return {"clean.benchmarks": named, "clean.benchmark_files": files}


@contextmanager
def _opened(
    files: Sequence[Path],
    out: Path | None,
    recipe: Path | None,
    overrides: list[str] | None,
    given: Mapping[str, object],
    data: Path | None,
    force: bool,
) -> Iterator[Run]:
    """The run that was named, or a new one around data files."""
    first = files[0] if files else None
    is_run = first is None or (first / "recipe.toml").is_file()
    if is_run and len(files) > 1:
        raise UsageError(f"{first}: is a run; clean one run, or data files")
    if folder := next((file for file in files[1:] if file.is_dir()), None):
        raise UsageError(f"{folder}: is a folder; clean one run, or data files")
    about = dict(given) if is_run else {**given, **_reading(files, data)}
    with opened("clean", first, out, recipe, overrides, about, data, force, evolves=False) as run:
        yield run


def _reading(files: Sequence[Path], data: Path | None) -> dict[str, Any]:
    """How data files are read: nothing stops at a torn row, and our own tables keep their ids."""
    from wizardcoder.pipeline import names

    located = [names.locate_seeds(str(file), data) for file in files if not file.is_dir()]
    return {
        "seeds.also": located[1:],
        "seeds.torn": "reject",
        "seeds.lineage": True,
        "evolve.rounds": names.rounds_in(located),
    }
