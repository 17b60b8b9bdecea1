"""pass@1 on the development set while a model trains: the score that is handed to training.

A checkpoint is sampled from its files, as everybody will who gets it: with averaged, merged or
shared-out weights the model in training is not what comes out. What is sampled and judged stays in
the checkpoint's folder, so that nobody needs to do it again for the best one:

    model/ARM/development/completions    model/ARM/development/verdicts
"""

from __future__ import annotations

import json
from pathlib import Path

from wizardcoder import evaluate
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import SandboxError
from wizardcoder.pipeline.sampling import identified, sample
from wizardcoder.recipe import Generate, Recipe
from wizardcoder.storage import text_digest
from wizardcoder.train import Score

_FOLDER = "development"


def scoring(recipe: Recipe, benchmark: Benchmark, *, jobs: int | None = None) -> Score:
    """What samples a checkpoint greedily, else as `[generate]` says, and executes that.

    `jobs`: processes that execute (None: as many as there are cores). It raises SandboxError where
    the sandbox reaches no verdict.
    """
    options = _options(recipe)

    def score(checkpoint: Path) -> float:
        completions, verdicts = completions_of(checkpoint), verdicts_of(checkpoint)
        sample(completions, checkpoint, benchmark, options, seed=recipe.seed)
        evaluate.run_stage(verdicts, completions, benchmark, recipe.evaluate, jobs=jobs)
        scores = evaluate.problem_scores(evaluate.read_verdicts(verdicts))
        if not scores:
            raise SandboxError(f"{benchmark.name}: no verdict on any program of {checkpoint}")
        return sum(scores.values()) / len(scores)

    return score


def inputs(recipe: Recipe, benchmark: Benchmark) -> dict[str, str]:
    """What decides the scores, and with them which checkpoint comes out; for an Identity."""
    sampled = json.dumps(identified(_options(recipe)), sort_keys=True)
    return {benchmark.name: benchmark.data_sha256, "sampled": text_digest(sampled, recipe.seed)}


def completions_of(checkpoint: Path) -> Path:
    """Where the completions of the development set lie, if this checkpoint was scored."""
    return checkpoint / _FOLDER / "completions"


def verdicts_of(checkpoint: Path) -> Path:
    """Where the verdicts on them lie."""
    return checkpoint / _FOLDER / "verdicts"


def _options(recipe: Recipe) -> Generate:
    return recipe.generate.model_copy(update={"n": 1, "temperature": 0.0})
