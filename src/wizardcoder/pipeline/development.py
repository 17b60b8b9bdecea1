"""pass@1 on the development set while a model trains: the score that is handed to training."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from wizardcoder import evaluate
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import SandboxError
from wizardcoder.pipeline.sampling import sample
from wizardcoder.recipe import Recipe
from wizardcoder.train import Score


def scoring(recipe: Recipe, benchmark: Benchmark) -> Score:
    """What samples a checkpoint greedily, as `[generate]` says otherwise, and executes that.

    It raises SandboxError where the sandbox reaches no verdict.
    """
    options = recipe.generate.model_copy(update={"n": 1, "temperature": 0.0})

    def score(checkpoint: Path) -> float:
        with TemporaryDirectory() as scratch:
            completions, verdicts = Path(scratch) / "completions", Path(scratch) / "verdicts"
            sample(completions, checkpoint, benchmark, options, seed=recipe.seed)
            evaluate.run_stage(verdicts, completions, benchmark, recipe.evaluate)
            scores = evaluate.problem_scores(evaluate.read_verdicts(verdicts))
        if not scores:
            raise SandboxError(f"{benchmark.name}: no verdict on any program of {checkpoint}")
        return sum(scores.values()) / len(scores)

    return score
