"""Options that several commands share, and how they become a recipe or a run."""

from __future__ import annotations

import json
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wizardcoder.cli.batches import naming_batches
from wizardcoder.errors import BudgetError, UsageError

if TYPE_CHECKING:
    from wizardcoder.cli.progress import Watch
    from wizardcoder.pipeline import Run
    from wizardcoder.recipe import Recipe

_BUDGET = "budget."
_OF_EVERY_RUN = {"recipe.toml", ".lock"}

RunFolder = Annotated[
    Path | None, typer.Argument(help="A run folder; default: the newest in runs/.", metavar="RUN")
]
Source = Annotated[
    Path | None,
    typer.Argument(
        help="A run folder, a seed file, hf:OWNER/NAME, a folder of code, or self-instruct; "
        "default: the newest run in runs/.",
        metavar="SOURCE",
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

MaxUsd = Annotated[
    float | None, typer.Option("--max-usd", help="Stop before more dollars than that are spent.")
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", help="Stop before more tokens than that are spent.")
]
MaxHours = Annotated[
    float | None, typer.Option("--max-hours", help="Stop asking after so many hours.")
]
Replay = Annotated[
    bool, typer.Option("--replay", help="Answer from the ledger alone; send nothing.")
]


def limits(usd: float | None, tokens: int | None, hours: float | None) -> dict[str, object]:
    """The options of a budget as keys of a recipe."""
    return {"budget.max_usd": usd, "budget.max_tokens": tokens, "budget.max_hours": hours}


def as_overrides(given: Mapping[str, object]) -> list[str]:
    """Options as `--set` has them, without those that were not given."""
    return [f"{key}={_toml(value)}" for key, value in given.items() if value is not None]


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
    folder: Path | None, *, data: Path | None, force: bool, **settings: Any
) -> Iterator[Run]:
    """An existing run, locked and watched. `settings` are those of `existing_run`."""
    from wizardcoder.pipeline import existing_run

    path = newest_run(folder)
    existing_run(path)  # complains before a lock file is made
    with locked(path) as watch:
        run = existing_run(path, data=data, force=force, watch=watch, **settings)
        with naming_batches(run):
            yield run


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
    replay: bool = False,
    evolves: bool = True,
) -> Iterator[Run]:
    """The run of a run folder, or a new one (in --out) around seeds from elsewhere.

    `given` are options as keys of the recipe; a run that exists takes only those of its budget.
    `evolves`: whether the command leaves room for evolving between the seeds and what it does.
    """
    from wizardcoder.pipeline import names, open_run

    given = {key: value for key, value in given.items() if value is not None}
    changes = as_overrides(given)
    if source is None or (source / "recipe.toml").is_file():
        budget = {k.removeprefix(_BUDGET): v for k, v in given.items() if k.startswith(_BUDGET)}
        named = {"--out": out, "--recipe": recipe, "--set": overrides}
        wrong = [name for name, value in named.items() if value]
        wrong += [f"what sets {key}" for key in given if not key.startswith(_BUDGET)]
        if wrong:
            raise UsageError(
                f"{source or 'the newest run'}: a run keeps its own folder and recipe; leave away "
                f"{', '.join(wrong)}, or name a data file in place of the run"
            )
        settings = {"ledger": ledger, "replay": replay, "budget": budget}
        with in_run(source, data=data, force=force, **settings) as run:
            yield run
        return
    is_of_a_run = any((source / name).is_file() for name in ("manifest.json", "ledger.sqlite"))
    if is_of_a_run or (source.is_dir() and not evolves):
        raise UsageError(f"{source}: is neither a seed file nor a run folder (no recipe.toml)")
    if not evolves and "evolve.rounds" not in given:
        changes.append("evolve.rounds=0")
    located = names.locate_seeds(str(source), data)  # complains before a folder is made
    changes.append(f"seeds.source={_toml(located)}")
    wanted = recipe_of(recipe, [*(overrides or ()), *changes], rounds_as_arms=True)
    folder = stage_folder(out, stage)
    is_new = not folder.exists()
    with locked(folder) as watch, _leaving_no_trace(folder) if is_new else nullcontext():
        run = open_run(
            folder, wanted, data=data, force=force, watch=watch, ledger=ledger, replay=replay
        )
        with naming_batches(run), _naming_folder(stage, None if out else folder):
            yield run


@contextmanager
def _leaving_no_trace(folder: Path) -> Iterator[None]:
    """Where a command is refused before a stage has made anything, remove a folder made for it."""
    try:
        yield
    except UsageError:
        if all(map(_is_nothing, folder.iterdir())):
            shutil.rmtree(folder)
        raise


def _is_nothing(path: Path) -> bool:
    """Whether something in a run folder is of no stage, or of one that has made nothing."""
    from wizardcoder.storage import begun

    stage = path.with_name(path.name.removesuffix(".partial"))
    return path.name in _OF_EVERY_RUN or (path != stage and not begun(stage))


@contextmanager
def _naming_folder(stage: str, unnamed: Path | None) -> Iterator[None]:
    """Where a command ends early in a folder that nobody named, say how to go on in it.

    The same command would begin another folder, and pay a second time.
    """
    try:
        yield
    except BaseException as error:
        if unnamed and not isinstance(error, UsageError | BudgetError):
            way = f"wizardcoder {stage} {shlex.quote(str(unnamed))}"
            typer.echo(f"this went into a folder of its own; to go on in it: {way}", err=True)
        raise


def _toml(value: object) -> str:
    """A value as TOML has it: as JSON does, as long as nothing is escaped that need not be."""
    return json.dumps(value, ensure_ascii=False)
