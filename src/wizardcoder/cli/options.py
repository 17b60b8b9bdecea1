"""Options that several commands share, and how they become a recipe or a run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.cli.progress import Watch
    from wizardcoder.pipeline import Run
    from wizardcoder.recipe import Recipe

RunFolder = Annotated[
    Path | None, typer.Argument(help="A run folder; default: the newest in runs/.", metavar="RUN")
]
Source = Annotated[
    Path | None,
    typer.Argument(
        help="A run folder or a seed file; default: the newest run in runs/.", metavar="SOURCE"
    ),
]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="Take options from this recipe.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override the recipe: table.key=value; may be repeated."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to write.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Benchmarks and seeds; default: $WIZARDCODER_DATA, the cache."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Move aside what was made with other options.")
]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", help="Ledger to use; default: the run's own.")
]


def default_recipe() -> Path:
    """The miniature's recipe: in the package when installed, in the checkout when developing."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "recipes", package.parents[1] / "recipes"):
        if (folder / "miniature.toml").is_file():
            return folder / "miniature.toml"
    raise UsageError("this installation has no recipes; name one: wizardcoder run RECIPE")


def newest_run(given: Path | None) -> Path:
    """The run folder that was named, or the one in runs/ that was touched last."""
    if given is not None:
        return given
    found = Path("runs").glob("*/seeds/manifest.json")  # a run that came as far as its seeds
    newest = max(found, key=lambda file: file.stat().st_mtime, default=None)
    if newest is None:
        raise UsageError("no run in runs/; name a run folder, or begin one: wizardcoder run")
    return newest.parents[1]


def stage_folder(out: Path | None, stage: str) -> Path:
    """Where a stage that works on files writes: `--out`, else runs/STAGE-TIME."""
    return out or Path("runs") / f"{stage}-{time.strftime('%Y%m%d-%H%M%S')}"


def recipe_of(
    file: Path | None, overrides: Sequence[str], *, rounds_as_arms: bool = False
) -> Recipe:
    """The recipe of `--recipe` (default: the paper's values) with `--set` applied.

    `rounds_as_arms`: the arms follow from `evolve.rounds`, as for a command that only makes data.
    """
    from wizardcoder import recipe

    return recipe.load(file, overrides, rounds_as_arms=rounds_as_arms)


@contextmanager
def locked(folder: Path) -> Iterator[Watch]:
    """Progress on stderr, while no other process writes the run folder."""
    from wizardcoder.cli.progress import Watch
    from wizardcoder.storage import run_lock

    with run_lock(folder), Watch() as watch:
        yield watch


@contextmanager
def in_run(
    folder: Path | None, *, data: Path | None, force: bool, ledger: Path | None = None
) -> Iterator[Run]:
    """An existing run, locked and watched."""
    from wizardcoder.pipeline import existing_run

    path = newest_run(folder)
    existing_run(path)  # complains before a lock file is made
    with locked(path) as watch:
        yield existing_run(path, data=data, force=force, ledger=ledger, watch=watch)


@contextmanager
def opened(
    stage: str,
    source: Path | None,
    out: Path | None,
    recipe: Path | None,
    overrides: list[str] | None,
    given: Mapping[str, object],
    data: Path | None,
    force: bool,
    ledger: Path | None = None,
    *,
    evolves: bool = True,
) -> Iterator[Run]:
    """The run of a run folder, or a new one (in --out) around a seed file.

    `evolves`: whether the command leaves room for evolving between the seeds and what it does.
    """
    from wizardcoder.pipeline import names, open_run

    changes = [f"{key}={_toml(value)}" for key, value in given.items() if value is not None]
    if source is None or (source / "recipe.toml").is_file():
        if out or recipe or overrides or changes:
            raise UsageError(
                f"{source or 'the newest run'}: a run keeps its own recipe; leave --out, --recipe, "
                "--set and the options of seeds and teacher away, or name a seed file"
            )
        with in_run(source, data=data, force=force, ledger=ledger) as run:
            yield run
        return
    if source.is_dir():
        raise UsageError(f"{source}: is neither a seed file nor a run folder (no recipe.toml)")
    if not evolves:
        changes.append("evolve.rounds=0")
    file = names.find_seeds(str(source), data)  # complains before a folder is made
    changes.append(f"seeds.source={_toml(str(file.resolve()))}")
    wanted = recipe_of(recipe, [*(overrides or ()), *changes], rounds_as_arms=True)
    folder = stage_folder(out, stage)
    with locked(folder) as watch:
        yield open_run(folder, wanted, data=data, force=force, watch=watch, ledger=ledger)


def _toml(value: object) -> str:
    """A value as TOML has it: as JSON does, as long as nothing is escaped that need not be."""
    return json.dumps(value, ensure_ascii=False)
