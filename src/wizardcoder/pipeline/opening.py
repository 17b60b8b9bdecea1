"""Opening a run folder: a new one around a recipe, or one that holds a recipe already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizardcoder import recipe, train
from wizardcoder.errors import StageConflictError, UsageError
from wizardcoder.pipeline import cleaning
from wizardcoder.pipeline.evolving import HOW_NOT_WHAT
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.sampling import HOW_NOT_WHAT as SAMPLED_HOW
from wizardcoder.progress import Watch, unwatched
from wizardcoder.recipe import Recipe
from wizardcoder.storage import begun, disk_errors, write_text

#: What may differ when a run goes on: it undoes nothing. Of another `n`, samples and verdicts stay.
FREE_KEYS = frozenset(
    {
        *("name", "arms", "workers", "base.licence", "generate.n"),
        *(f"generate.{key}" for key in SAMPLED_HOW),
        *(f"train.{key}" for key in train.HOW_NOT_WHAT),
        *(f"teacher.{key}" for key in HOW_NOT_WHAT),
        *(f"budget.{key}" for key in recipe.Budget.model_fields),
        *(f"clean.{key}" for key in cleaning.HOW_NOT_WHAT),
    }
)
#: The folders that a table of the recipe decides about; other keys decide about all of them.
_DECIDED_BY = {
    "seeds": ("seeds",),
    "teacher": ("evolved", "rounds", "controls"),
    "teachers": ("evolved", "rounds", "controls"),
    "evolve": ("evolved", "rounds"),
    "clean": ("clean", "rounds", "controls"),
    "base": ("model",),
    "train": ("model",),
    "generate": ("completions",),
    "evaluate": ("verdicts",),
    "controls": ("controls",),
}


def open_run(
    path: Path,
    wanted: Recipe,
    *,
    data: Path | None = None,
    force: bool = False,
    watch: Watch = unwatched,
    ledger: Path | None = None,
    replay: bool = False,
) -> Run:
    """The run in a folder, begun or gone on with. Write its resolved recipe into it.

    Raises StageConflictError when the folder was made with another recipe and not `force`.
    """
    file = path / "recipe.toml"
    if file.exists() and not force:
        changes = recipe.differences(recipe.load(file), wanted)
        conflicts = [key for key in changes if not _is_free(key) and _is_made(path, key)]
        if conflicts:
            key = conflicts[0]
            old, new = changes[key]
            raise StageConflictError(
                f"{path}: was made with another recipe ({key}: {old!r} → {new!r}); use --force to "
                "do again what that changes (the old folders are moved aside), or --out"
            )
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    write_text(file, recipe.dump(wanted))
    return Run(path, wanted, data, force, watch, ledger, replay)


def _is_free(key: str) -> bool:
    """Whether a key may differ when a run goes on; every teacher's are as the first one's."""
    return re.sub(r"^teachers\.\d+\.", "teacher.", key) in FREE_KEYS


def _is_made(path: Path, key: str) -> bool:
    """Whether a run holds anything that a key of its recipe has decided about."""
    everything = (
        "seeds",
        "evolved",
        "rounds",
        "clean",
        "controls",
        "model",
        "completions",
        "verdicts",
    )
    folders = _DECIDED_BY.get(key.partition(".")[0], everything)
    return any(begun(path / folder) for folder in folders)


def existing_run(path: Path, *, budget: Mapping[str, Any] | None = None, **settings: Any) -> Run:
    """The run that a folder holds, with its own recipe; `budget` overrides limits of that.

    Raises UsageError when the folder holds none.
    """
    if not (path / "recipe.toml").is_file():
        raise UsageError(f"{path}: is not a run folder: it has no recipe.toml")
    found = recipe.load(path / "recipe.toml")
    if budget:
        merged = {**found.budget.model_dump(exclude_none=True), **budget}
        limits = recipe.read_options(recipe.Budget, merged, "budget")
        found = found.model_copy(update={"budget": limits})
    return Run(path, found, **settings)
