"""A recipe: one TOML file that says everything a run does. Defaults are the paper's values.

Sources of the defaults: [P] arXiv 2306.08568, [R] the WizardLM repository, [T] evol-teacher.
What a recipe does not know is where anything is stored (`storage`) or how a stage works.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wizardcoder.errors import RecipeError
from wizardcoder.prompts import CODE_EVOLVE_METHODS

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
#: What a named source (of seeds, of a base model) understands; it checks them itself.
SourceOptions = dict[str, bool | int | float | str]


class Section(BaseModel):
    """A table of the recipe: frozen, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
Options = TypeVar("Options", bound=Section)


class Seeds(Section):
    """Where the seed instructions come from. Paper: Code Alpaca 20k [P]."""

    source: str = "code_alpaca_20k"
    count: Positive | None = None  # None: all of them
    licence: str = "unknown"
    options: SourceOptions = {}


class Teacher(Section):
    """The model that evolves and answers. Paper: gpt-3.5-turbo [P]; decoding [T]."""

    model: str = "gpt-3.5-turbo"
    endpoint: str = "https://api.openai.com/v1"  # a URL, or the name of a teacher in process
    api_key_env: str = "OPENAI_API_KEY"
    terms: str = "unknown"
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    max_tokens: Positive = 2048
    send_seed: bool = False  # adds `seed`, so that a teacher that honours it can be deterministic
    concurrency: Positive = 64
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    max_retries: Annotated[int, Field(ge=0)] = 8
    usd_per_million_prompt_tokens: Annotated[float, Field(ge=0)] = 0.0
    usd_per_million_completion_tokens: Annotated[float, Field(ge=0)] = 0.0


class Evolve(Section):
    """Rounds of Code Evol-Instruct. Paper: the 78k set is the seeds and three rounds [P].

    `operations` maps operation to weight; the paper does not say how it chose, evol-teacher
    draws uniformly [T].
    """

    rounds: Annotated[int, Field(ge=0)] = 3
    operations: dict[str, Annotated[float, Field(ge=0)]] = {
        "constraints": 1.0,
        "replace": 1.0,
        "reasoning": 1.0,
        "misdirection": 1.0,
        "complexity": 1.0,
    }


class Clean(Section):
    """Near-duplicates and contamination. The thresholds are measured (LOG.md), not the paper's."""

    near_duplicates: bool = True
    near_duplicate_jaccard: Share = 0.7
    shingle_tokens: Positive = 5
    containment: Share = 0.5
    min_ast_nodes: Positive = 15
    benchmarks: list[str] = ["humaneval", "mbpp"]


class Base(Section):
    """The checkpoint that tuning starts from. Paper: StarCoder 15B [P]."""

    model: str = "bigcode/starcoder"
    options: SourceOptions = {}


class Train(Section):
    """Instruction tuning. Defaults: the released script's [R]; 200 steps is the paper's [P].

    How long: exactly one of `steps`, `epochs`, `label_tokens` (arms of one run that share
    `label_tokens` see equally many response tokens).
    """

    lr: Annotated[float, Field(gt=0)] = 2e-5
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_steps: Annotated[int, Field(ge=0)] = 30
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0  # the Trainer's default; 0: no clipping
    rows_per_step: Positive = 512
    rows_per_batch: Positive = 4
    length_tokens: Positive = 2048
    precision: Literal["fp32", "bf16", "fp16"] = "fp16"
    steps: Annotated[int, Field(ge=0)] = 200  # 0: not by steps
    epochs: Annotated[float, Field(gt=0)] | None = None
    label_tokens: Positive | None = None
    ema: bool = False
    seed: int = 0
    checkpoint_seconds: Annotated[float, Field(gt=0)] = 600.0


class Generate(Section):
    """Sampling for benchmarks. Paper: greedy for the headline number [P]."""

    n: Positive = 1
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_tokens: Positive = 2048
    batch_size: Positive = 32
    script_spacing: bool = False  # the released script's two blank lines; default: one


class Evaluate(Section):
    """What is scored, and under which limits per program."""

    benchmarks: list[str] = ["humaneval", "mbpp"]
    assembly: Literal["completion", "solution"] | None = None  # None: the benchmark's own
    cpu_seconds: Annotated[float, Field(gt=0)] | None = None  # None: the benchmark's own
    wall_seconds: Annotated[float, Field(gt=0)] | None = None  # None: ten times that
    memory_bytes: Positive = 4 << 30
    sandbox_level: Literal["auto", "full", "no-namespaces", "weak"] = "auto"


class Control(Section):
    """A data set to compare with: drawn from a source, or evolved from the seeds otherwise."""

    source: str | None = None
    options: SourceOptions = {}
    operations: dict[str, Annotated[float, Field(ge=0)]] | None = None


class Recipe(Section):
    """Everything a run does."""

    name: str = Field(pattern=f"^{_NAME}$", default="paper")
    seed: int = 0
    workers: Positive = 1  # arms trained at the same time, one thread each when more than one
    arms: list[str] = ["base", "seed", "round-1", "round-2", "round-3"]
    seeds: Seeds = Seeds()
    teacher: Teacher = Teacher()
    evolve: Evolve = Evolve()
    clean: Clean = Clean()
    base: Base = Base()
    train: Train = Train()
    generate: Generate = Generate()
    evaluate: Evaluate = Evaluate()
    controls: dict[str, Control] = {}


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
        rounds = parse({**table, "arms": []}, where).evolve.rounds
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
    """What differs from the defaults: `{key: (default, value)}`.

    >>> changed(Clean(containment=0.9))
    {'containment': (0.5, 0.9)}
    """
    default = type(section)()
    return {
        key: (getattr(default, key), value)
        for key, value in section
        if value != getattr(default, key)
    }


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
    for operations in (recipe.evolve.operations, *(c.operations for c in recipe.controls.values())):
        _check_operations(operations, where)
    _check_names(recipe, where)
    rounds = {f"round-{n}" for n in range(1, recipe.evolve.rounds + 1)}
    known = {"base", "seed", "final", *rounds, *recipe.controls}
    for arm in recipe.arms:
        if arm not in known:
            raise RecipeError(f"{where}: unknown arm {arm!r}; known: {', '.join(sorted(known))}")


def _check_names(recipe: Recipe, where: str) -> None:
    for name, control in recipe.controls.items():
        if not re.fullmatch(_NAME, name) or re.fullmatch(r"base|seed|final|round-\d+", name):
            raise RecipeError(
                f"{where}: a control cannot be called {name!r}: it needs a plain name that is "
                "not base, seed, final or round-N"
            )
        if (control.source is None) == (control.operations is None):
            raise RecipeError(f"{where}: controls.{name} needs either source or operations")
    for key, names in (("arms", recipe.arms), ("evaluate.benchmarks", recipe.evaluate.benchmarks)):
        if twice := [name for name, times in Counter(names).items() if times > 1]:
            raise RecipeError(f"{where}: {key} names {twice[0]!r} more than once")


def _check_operations(operations: Mapping[str, float] | None, where: str) -> None:
    if operations is None:
        return
    known = (*CODE_EVOLVE_METHODS, "paraphrase")
    for name in operations:
        if name not in known:
            raise RecipeError(f"{where}: unknown operation {name!r}; known: {', '.join(known)}")
    if not sum(operations.values()):
        raise RecipeError(f"{where}: evolving needs at least one operation with a weight above 0")
