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
            _tell_truncated(name, made, options.max_tokens)
            typer.echo(folder / "completions.parquet")


def _tell_truncated(name: str, manifest: Json, max_tokens: int) -> None:
    """On stderr, how many answers were cut: they fail for their length, whatever they know."""
    counts = manifest["counts"]
    if cut := counts.get("truncated", 0):
        typer.echo(
            f"{name}: {cut} of {counts['completions']} answers were cut before their end; more "
            f"room: --set generate.max_tokens={2 * max_tokens}",
            err=True,
        )
