"""Tuning the whole model, or an adapter alone, teaches the miniature's base to follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wizardcoder import miniature, recipe
from wizardcoder.benchmarks import Benchmark
from wizardcoder.pipeline import Run, open_run
from wizardcoder.pipeline.development import scoring

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "miniature.toml"
SHORT = (
    "seeds.count=1000",
    "evolve.rounds=0",
    'arms=["base", "seed"]',
    "workers=1",
    "base.options={label_tokens=300000}",
    "train.label_tokens=200000",
)
METHODS = {
    "full": (),
    "lora": ('train.method="lora"', "train.lr=8e-3", "train.lora={rank=32, alpha=32, dropout=0.0}"),
}


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with seeds and a pre-trained base."""
    folder = tmp_path_factory.mktemp("learning")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        run = open_run(folder / "run", recipe.load(RECIPE, SHORT))
        run.seeds()
        run.clean()
        run.base()
    return run


def one_step_problems() -> Benchmark:
    """The development problems of the depth that most seeds have."""
    whole = miniature.benchmark("dev")
    problems = tuple(problem for problem in whole.problems if problem.group == "1-step")
    return replace(whole, problems=problems)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_tuned_model_passes_what_its_base_does_not(method: str, untrained: Run) -> None:
    tuned = recipe.load(RECIPE, [*SHORT, *METHODS[method]])
    run = open_run(untrained.path, tuned, force=True)
    score = scoring(tuned, one_step_problems())
    before = score(Path(run.checkpoint("base")))
    run.train("seed")
    assert score(Path(run.checkpoint("seed"))) > before + 0.3
