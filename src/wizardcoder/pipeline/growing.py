"""Seeds that the teachers help to make, as a recipe names them: Self-Instruct, or a code base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from wizardcoder import seeds
from wizardcoder.errors import RecipeError
from wizardcoder.pipeline import names
from wizardcoder.pipeline.evolving import teachers_of
from wizardcoder.recipe import Recipe, read_options
from wizardcoder.storage import Identity, sha256


class Growth(NamedTuple):
    """What seeds grow from: how many are wanted (None: all), and what proposes them."""

    wanted: int | None
    identity: Identity
    open_source: Callable[[seeds.Teachers], seeds.Source]


def growth(recipe: Recipe, data: Path | None) -> Growth | None:
    """What the seeds of a recipe grow from, None where they are read.

    Raises RecipeError for options that are wrong, MissingDataError where there are no seed tasks.
    """
    if recipe.seeds.source == names.SELF_INSTRUCT:
        return _self_instruct(recipe, data)
    if names.is_codebase(recipe.seeds.source):
        return _codebase(recipe)
    return None


def _self_instruct(recipe: Recipe, data: Path | None) -> Growth:
    given = recipe.seeds
    options = read_options(seeds.SelfInstructOptions, given.options, "seeds.options")
    if given.count is None:
        raise RecipeError("seeds.source = 'self-instruct' goes on for ever: set seeds.count")
    path = names.find_seeds(options.tasks, data)
    tasks = seeds.read_tasks(path)

    def open_source(teachers: seeds.Teachers) -> seeds.Source:
        return seeds.SelfInstruct(tasks, options, teachers, seed=recipe.seed, licence=given.licence)

    return Growth(given.count, _identity(recipe, {"tasks": sha256(path)}), open_source)


def _codebase(recipe: Recipe) -> Growth:
    given = recipe.seeds
    root = Path(given.source).resolve()
    options = read_options(seeds.CodebaseOptions, given.options, "seeds.options")

    def open_source(teachers: seeds.Teachers) -> seeds.Source:
        found = seeds.collect(root, options, given.licence)
        return seeds.Inspiration(found, teachers, seed=recipe.seed)

    inputs = {"code": seeds.digest(root, options)}
    return Growth(given.count, _identity(recipe, inputs), open_source)


def _identity(recipe: Recipe, inputs: Mapping[str, str]) -> Identity:
    """Content, not place, tells what seeds grow from apart."""
    options = recipe.seeds.model_dump(mode="json", exclude={"source"})
    source = names.SELF_INSTRUCT if "tasks" in inputs else "code"
    return Identity(
        "seeds",
        {**options, "source": source, "seed": recipe.seed, "teachers": teachers_of(recipe)},
        inputs,
    )
