"""Sampling one checkpoint for one benchmark, outside any run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.cli.progress import Watch
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.recipe import Recipe


@dataclass(frozen=True)
class Sampling:
    """What `wizardcoder generate CHECKPOINT` was asked for."""

    checkpoint: Path
    benchmark: str | None
    completion: bool
    recipe: Recipe
    data: Path | None
    force: bool


def sample_checkpoint(asked: Sampling, out: Path) -> Path:
    """The table of completions, written into the folder `out`."""
    from wizardcoder.generate import Style
    from wizardcoder.pipeline import sample
    from wizardcoder.pipeline.names import load_benchmark

    if asked.benchmark is None:
        raise UsageError(f"generate {asked.checkpoint}: name the benchmark with --benchmark")
    benchmark = load_benchmark(asked.benchmark, asked.data)
    with Watch() as watch:
        sample(
            out,
            asked.checkpoint,
            benchmark,
            asked.recipe.generate,
            style=Style.COMPLETION if asked.completion else Style.INSTRUCTION,
            seed=asked.recipe.seed,
            force=asked.force,
            progress=watch(f"generate {asked.benchmark}"),
        )
    return out / "completions.parquet"
