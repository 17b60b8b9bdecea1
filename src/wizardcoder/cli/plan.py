"""The command that says what will happen before it does: plan."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from wizardcoder.cli import options
from wizardcoder.cli.options import (
    Data,
    LedgerFile,
    MaxHours,
    MaxTokens,
    MaxUsd,
    Out,
    Overrides,
    RecipeFile,
)
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.pipeline import Estimate, Sample, TrainingCost
    from wizardcoder.pipeline.training_cost import Devices
    from wizardcoder.recipe import Recipe
    from wizardcoder.records import Record

_PARTS = ("evolve", "train", "all")

What = Annotated[
    list[str] | None,
    typer.Argument(
        help="evolve, train or all (the default), and a recipe, a run folder or seeds; default: "
        "the miniature's recipe.",
        metavar="[evolve|train|all] [SOURCE]",
    ),
]


class _Target(NamedTuple):
    """What is planned, and the run folder that it will lie in, where that is known."""

    recipe: Recipe
    run: Path | None


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("plan")(plan)


def plan(
    what: What = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Evolve so many seeds in earnest, and pay, to measure it."),
    ] = None,
    out: Out = None,
    ledger: LedgerFile = None,
    count: Annotated[int | None, typer.Option(min=1, help="Only the first so many seeds.")] = None,
    rounds: Annotated[int | None, typer.Option(min=0, help="Rounds to evolve.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="The teacher's URL.")] = None,
    model: Annotated[str | None, typer.Option(help="The teacher's model.")] = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_hours: MaxHours = None,
    device: Annotated[str | None, typer.Option(help="train: its name; default: H100.")] = None,
    devices: Annotated[int, typer.Option(min=1, help="train: how many.")] = 1,
    memory_gb: Annotated[float | None, typer.Option(min=0, help="train: of a device.")] = None,
    mfu: Annotated[float | None, typer.Option(min=0.01, max=1, help="train: assumed.")] = None,
    usd_per_hour: Annotated[float | None, typer.Option(min=0, help="train: a device's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what will be called, spent and trained; nothing is sent without --sample.

    `plan train` reads of the base model its configuration and its tokenizer only.
    """
    from wizardcoder.pipeline import choose_devices, describe, plan_evolve
    from wizardcoder.pipeline.plan import read_seeds

    given = {
        "seeds.count": count,
        "evolve.rounds": rounds,
        "teacher.endpoint": endpoint,
        "teacher.model": model,
        "train.usd_per_hour": usd_per_hour,
        **options.limits(max_usd, max_tokens, max_hours),
    }
    changes = [*(overrides or ()), *options.as_overrides(given)]
    part, source = _split(what or [])
    target = _target(source, recipe, changes, out, data)
    seeds = read_seeds(target.recipe, data, target.run)
    if part == "train":
        chosen = choose_devices(
            target.recipe, device, number=devices, memory_gb=memory_gb, utilisation=mfu
        )
        _plan_training(target, seeds, chosen, as_json=as_json)
        return
    sampled = _sample(target, seeds, sample, ledger) if sample else None
    found = plan_evolve(target.recipe, seeds, sampled)
    if as_json:
        typer.echo(json.dumps(_table(found), indent=2))
        return
    for line in describe(target.recipe, seeds, found, part):
        typer.echo(line)


def _plan_training(
    target: _Target, seeds: list[Record], devices: Devices, *, as_json: bool
) -> None:
    from wizardcoder.pipeline import describe_training, plan_training

    found = plan_training(target.recipe, seeds, target.run or Path(), devices)
    if as_json:
        typer.echo(json.dumps(_training_table(found), indent=2))
        return
    for line in describe_training(target.recipe, found):
        typer.echo(line)


def _split(words: list[str]) -> tuple[str, str | None]:
    """The part that is asked about, and the source."""
    part, *rest = words if words and words[0] in _PARTS else ("all", *words)
    if len(rest) > 1:
        raise UsageError(f"plan {' '.join(words)}: name one source: a recipe, a run or seeds")
    return part, rest[0] if rest else None


def _target(
    source: str | None, recipe: Path | None, changes: list[str], out: Path | None, data: Path | None
) -> _Target:
    from wizardcoder import recipe as recipes
    from wizardcoder.pipeline import names

    if source is not None and (Path(source) / "recipe.toml").is_file():
        return _Target(recipes.load(Path(source) / "recipe.toml", changes), Path(source))
    if source is None or source.endswith(".toml"):
        loaded = recipes.load(
            Path(source) if source else recipe or options.default_recipe(), changes
        )
        return _Target(loaded, out or Path("runs") / loaded.name)
    located = names.locate_seeds(source, data)
    changes = [*changes, *options.as_overrides({"seeds.source": located})]
    return _Target(options.recipe_of(recipe, changes, rounds_as_arms=True), out)


def _sample(target: _Target, seeds: list[Record], count: int, ledger: Path | None) -> Sample:
    from wizardcoder.cli.progress import Watch
    from wizardcoder.pipeline.asking import asking
    from wizardcoder.pipeline.plan import take_sample

    if target.run is None and ledger is None:
        raise UsageError(
            "--sample pays for replies: say where the run will find them, with --out or --ledger"
        )
    open_teachers = asking(target.run or Path(), target.recipe, ledger=ledger, began=time.time())
    with Watch() as watch:
        return take_sample(target.recipe, seeds, count, open_teachers, watch("sample"))


def _table(found: Estimate) -> dict[str, object]:
    """An estimate as JSON has it."""
    table: dict[str, object] = {**found._asdict()}
    table["expected"], table["worst"] = found.expected._asdict(), found.worst._asdict()
    if found.interval is not None:
        table["interval"] = [end._asdict() for end in found.interval]
    return table


def _training_table(found: TrainingCost) -> dict[str, object]:
    """What training takes, as JSON has it; memory in bytes of one device."""
    return {
        "weights": found.weights,
        "arms": [
            {
                **{k: v for k, v in arm._asdict().items() if k != "seen"},
                **{k: v for k, v in arm.seen._asdict().items() if k not in ("largest", "examples")},
            }
            for arm in found.arms
        ],
        "memory": {**found.memory._asdict(), "total": found.memory.total},
        "devices": found.devices._asdict(),
        "fits": found.fits,
        "remedies": [remedy._asdict() for remedy in found.remedies],
    }
