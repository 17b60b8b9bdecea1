"""Sampling one model for benchmarks, outside any run: a checkpoint, or one behind an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wizardcoder.cli.options import locked
from wizardcoder.cli.progress import Watch

if TYPE_CHECKING:
    from wizardcoder.recipe import Recipe
    from wizardcoder.storage import Json


@dataclass(frozen=True)
class Sampling:
    """What `wizardcoder generate` was asked for, of one model: a checkpoint, or None: the one
    behind `generate.endpoint`. `folders`: where the completions of each benchmark go."""

    checkpoint: Path | str | None
    folders: Mapping[str, Path]
    completion: bool
    recipe: Recipe
    data: Path | None
    force: bool
    root: Path | None = None  # locked while this goes on
    ledger: Path | None = None
    replay: bool = False


def sample_model(asked: Sampling) -> None:
    """Write the tables of completions, and say of each where it is."""
    from wizardcoder.generate import Style
    from wizardcoder.pipeline import sample, sample_endpoint
    from wizardcoder.pipeline.names import load_benchmark

    found = {name: load_benchmark(name, asked.data) for name in asked.folders}
    with Watch() if asked.root is None else locked(asked.root) as watch:
        for name, folder in asked.folders.items():
            how: dict[str, Any] = {
                "style": Style.COMPLETION if asked.completion else Style.INSTRUCTION,
                "seed": asked.recipe.seed,
                "force": asked.force,
                "progress": watch(f"generate {name}"),
            }
            options = asked.recipe.generate
            if asked.checkpoint is not None:
                made = sample(folder, asked.checkpoint, found[name], options, **how)
            else:
                paid: dict[str, Any] = {"ledger": asked.ledger, "replay": asked.replay}
                budget = asked.recipe.budget
                made = sample_endpoint(folder, found[name], options, budget=budget, **paid, **how)
            tell_endings(name, made, f"--set generate.max_tokens={2 * options.max_tokens}")
            typer.echo(folder / "completions.parquet")


#: A text's own end, and the limit of tokens, which is told by itself.
_TOLD_APART = frozenset({"stop", "length"})


def tell_endings(name: str, manifest: Json, more_room: str) -> None:
    """On stderr, how many answers did not come to their own end.

    What was cut fails for its length, whatever it knows; `more_room` says what gives it more.
    """
    counts = manifest["counts"]
    others = {k: v for k, v in counts.get("finish_reasons", {}).items() if k not in _TOLD_APART}
    cut = counts.get("truncated", 0)
    answers = f"{name}: {{}} of {counts['completions']} answers"
    if cut:
        typer.echo(
            f"{answers.format(cut)} were cut before their end; more room: {more_room}", err=True
        )
    if others:
        told = ", ".join(f"{reason} {count}" for reason, count in sorted(others.items()))
        typer.echo(f"{answers.format(sum(others.values()))} ended otherwise: {told}", err=True)
