"""Recipes read, checked, written and compared."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomli_w
from pydantic import BaseModel, ValidationError

from wizardcoder.errors import RecipeError
from wizardcoder.prompts import OPERATIONS
from wizardcoder.recipe.tables import NAME, Options, Recipe, Section, SourceOptions


def load(
    path: Path | None, overrides: Sequence[str] = (), *, rounds_as_arms: bool = False
) -> Recipe:
    """The recipe in a TOML file (None: the defaults), with `table.key=value` overrides applied.

    `rounds_as_arms`: the arms follow from `evolve.rounds`, for who only makes data.
    Raises RecipeError naming the file, the key, the value and what would be accepted.
    """
    where = "--set" if path is None else str(path)
    table = {} if path is None else _read(path)
    for override in overrides:
        _apply(table, override)
    if rounds_as_arms:
        rounds = parse({**table, "arms": []}, where).most_rounds
        table["arms"] = ["seed", *(f"round-{n + 1}" for n in range(rounds))]
    return parse(table, where)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise RecipeError(f"{path}: no such recipe") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not a TOML file: {error}") from None


def parse(table: Mapping[str, Any], where: str) -> Recipe:
    """The recipe that a decoded TOML table describes; `where` names it in errors."""
    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as error:
        raise RecipeError(_explain(error, where, Recipe)) from None
    _check(recipe, where)
    return recipe


def read_options(kind: type[Options], options: SourceOptions, where: str) -> Options:
    """The typed options of a named source. Raises RecipeError naming `where` and the key."""
    try:
        return kind.model_validate(options)
    except ValidationError as error:
        raise RecipeError(_explain(error, where, kind)) from None


def dump(recipe: Recipe) -> str:
    """The resolved recipe as TOML, every default written out."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))


def changed(section: Section) -> dict[str, tuple[object, object]]:
    """What differs from the defaults, also of tables within: `{key: (default, value)}`.

    >>> from wizardcoder.recipe import Clean, Embedding
    >>> changed(Clean(containment=0.9, embedding=Embedding(nearest=3)))
    {'containment': (0.5, 0.9), 'embedding.nearest': (5, 3)}
    """
    default = type(section)()
    found: dict[str, tuple[object, object]] = {}
    for key, value in section:
        if isinstance(value, Section):
            found |= {f"{key}.{inner}": pair for inner, pair in changed(value).items()}
        elif value != getattr(default, key):
            found[key] = (getattr(default, key), value)
    return found


def differences(old: Recipe, new: Recipe) -> dict[str, tuple[object, object]]:
    """What two recipes say differently: `{"table.key": (old, new)}`.

    >>> differences(Recipe(), Recipe(seed=3))
    {'seed': (0, 3)}
    """
    before, after = _flat(old.model_dump(mode="json")), _flat(new.model_dump(mode="json"))
    return {
        key: (before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    }


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            value = {str(number): item for number, item in enumerate(value)}
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _apply(table: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise RecipeError(f"--set {override!r}: expected table.key=value")
    *parents, leaf = key.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {override!r}: '{parent}' is a value, not a table")
    try:
        table[leaf] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        table[leaf] = text  # an unquoted string


def _explain(error: ValidationError, where: str, section: type[Section]) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown key '{key}'{_known_keys(section, problem['loc'])}")
        else:
            lines.append(f"{where}: '{key}' = {problem['input']!r}: {problem['msg']}")
    return "\n".join(lines)


def _known_keys(section: type[BaseModel], location: tuple[int | str, ...]) -> str:
    for part in location[:-1]:
        field = section.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type):
            return ""
        section = field.annotation
    return f"; known here: {', '.join(sorted(section.model_fields))}"


def _check(recipe: Recipe, where: str) -> None:
    lengths = [k for k in ("steps", "epochs", "label_tokens") if getattr(recipe.train, k)]
    if len(lengths) != 1:
        raise RecipeError(
            f"{where}: [train] needs exactly one of steps, epochs, label_tokens (got "
            f"{', '.join(lengths) or 'none'}); write 'steps = 0' to switch the default off"
        )
    for teacher in (recipe.teacher, *recipe.teachers):
        _check_endpoint(teacher.endpoint, where)
        if not re.fullmatch(r"[A-Za-z_]\w*", teacher.api_key_env, re.ASCII):
            raise RecipeError(  # which does not repeat it
                f"{where}: teacher.api_key_env is not the name of an environment variable, such as "
                "OPENAI_API_KEY: the key itself belongs into the environment"
            )
    _check_evolving(recipe, where)
    _check_names(recipe, where)
    rounds = {f"round-{n}" for n in range(1, recipe.most_rounds + 1)}
    if recipe.evolve.rounds != "auto":  # which keeps what is merged
        rounds |= {f"only-{n}" for n in range(1, recipe.most_rounds + 1)}
    known = {"base", "seed", "final", *rounds, *recipe.controls}
    for arm in recipe.arms:
        if arm not in known:
            raise RecipeError(f"{where}: unknown arm {arm!r}; known: {', '.join(sorted(known))}")


def _check_endpoint(endpoint: str, where: str) -> None:
    """Refuse what may be a key: a recipe is written into run and report."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return  # no URL at all: whoever asks there says so
    if any((parts.username, parts.password, parts.query, parts.fragment)):
        raise RecipeError(
            f"{where}: teacher.endpoint at {parts.hostname} holds more than an address: a key "
            "belongs into the environment (teacher.api_key_env)"
        )


def _check_names(recipe: Recipe, where: str) -> None:
    for name, control in recipe.controls.items():
        if not re.fullmatch(NAME, name) or re.fullmatch(r"base|seed|final|(round|only)-\d+", name):
            raise RecipeError(
                f"{where}: a control cannot be called {name!r}: it needs a plain name that is "
                "not base, seed, final, round-N or only-N"
            )
        if (control.source is None) == (control.operations is None):
            raise RecipeError(f"{where}: controls.{name} needs either source or operations")
    for key, names in (("arms", recipe.arms), ("evaluate.benchmarks", recipe.evaluate.benchmarks)):
        if twice := [name for name, times in Counter(names).items() if times > 1]:
            raise RecipeError(f"{where}: {key} names {twice[0]!r} more than once")


def _check_evolving(recipe: Recipe, where: str) -> None:
    evolve = recipe.evolve
    for name, operation in evolve.custom.items():
        _check_custom(name, operation.prompt, where)
    known = (*OPERATIONS, *evolve.custom)
    controls = (control.operations for control in recipe.controls.values())
    drawn = [evolve.operations, *(each for each in controls if each is not None)]
    for operations in drawn:
        _check_operations(operations, known, where)
    if idle := [name for name in evolve.custom if not any(name in each for each in drawn)]:
        raise RecipeError(
            f"{where}: evolve.custom.{idle[0]} is never drawn: "
            "give it a weight in evolve.operations"
        )
    if evolve.languages and not sum(evolve.languages.values()):
        raise RecipeError(f"{where}: evolve.languages needs at least one with a weight above 0")
    for language in evolve.languages:
        if not language.strip() or not language.isprintable():
            raise RecipeError(f"{where}: evolve.languages names no language: {language!r}")


def _check_custom(name: str, prompt: str, where: str) -> None:
    if not re.fullmatch(NAME, name) or name in OPERATIONS:
        raise RecipeError(
            f"{where}: an operation of your own cannot be called {name!r}: it needs a plain name "
            f"other than {', '.join(OPERATIONS)}"
        )
    if (times := prompt.count("{question}")) != 1:
        raise RecipeError(
            f"{where}: evolve.custom.{name}.prompt holds {{question}} {times} times: write it "
            "once, where the question is to stand"
        )
    if not prompt.replace("{question}", "").strip():
        raise RecipeError(f"{where}: evolve.custom.{name}.prompt asks for nothing: {prompt!r}")


def _check_operations(operations: Mapping[str, float], known: Sequence[str], where: str) -> None:
    for name in operations:
        if name not in known:
            raise RecipeError(f"{where}: unknown operation {name!r}; known: {', '.join(known)}")
    if not sum(operations.values()):
        raise RecipeError(f"{where}: evolving needs at least one operation with a weight above 0")
