"""pass@1 while an arm of a run trains: what it decides, what it leaves alone, who uses it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from wizardcoder import evaluate, recipe, train
from wizardcoder.benchmarks import Benchmark
from wizardcoder.engines import TransformersEngine
from wizardcoder.errors import MissingDataError, RecipeError, SandboxError
from wizardcoder.pipeline import Run, development, learnt, names, open_run, results, sampling
from wizardcoder.storage import read_manifest
from wizardcoder.train.attention import NAME
from wizardcoder.train.learner import Learner

SCORED = ("train.score_every_steps=4", 'evolve.stop.benchmark="miniature-dev"')
ONE_ARM = ("evolve.rounds=0", 'arms=["seed"]', "train.label_tokens=4000")
DEV = "miniature-dev"


@pytest.fixture(scope="module", autouse=True)
def few_problems() -> Iterator[None]:
    """A development set of twelve problems, which takes no time to judge."""
    whole = names.load_benchmark

    def few(name: str, data: Path | None = None) -> Benchmark:
        benchmark = whole(name, data)
        return replace(benchmark, problems=benchmark.problems[::25])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "load_benchmark", few)
        yield


def make_run(folder: Path, *overrides: str) -> Run:
    """A run as far as training."""
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        wanted = recipe.load(tiny.write_recipe(folder), [*ONE_ARM, *overrides])
        run = open_run(folder / "run", wanted)
        run.seeds()
        run.clean()
        run.base()
    return run


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose arm was scored while it trained."""
    run = make_run(tmp_path_factory.mktemp("scored") / "one", *SCORED)
    run.train("seed")
    return run


def log(run: Run) -> list[train.LogLine]:
    return train.read_log(run.path / "model" / "seed")


def test_it_is_taken_as_often_as_asked_and_at_the_end(scored: Run) -> None:
    steps = [line.step for line in log(scored) if line.pass_at_1 is not None]
    last = log(scored)[-1].step
    assert steps == sorted({*range(4, last + 1, 4), last})
    assert len(steps) > 2


def test_the_loss_is_what_it_is_without_it(scored: Run, tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain")
    plain.train("seed")
    of_both = [[(line.loss, line.grad_norm) for line in log(run)] for run in (plain, scored)]
    assert of_both[0] == of_both[1]


def test_what_comes_out_is_the_checkpoint_that_was_scored_best(scored: Run) -> None:
    model = scored.path / "model" / "seed"
    found = learnt(model)
    assert found is not None
    best = {line.step: line.pass_at_1 for line in log(scored)}[found.result.best_step or 0]
    assert found.result.pass_at_1 == best
    sampled = read_manifest(development.completions_of(model))["identity"]["inputs"]
    assert sampled["checkpoint"] == train.fingerprint(model)
    verdicts = evaluate.read_verdicts(development.verdicts_of(model))
    assert sum(verdict.passed for verdict in verdicts) / len(verdicts) == best


def test_nobody_samples_or_judges_the_best_checkpoint_again(
    scored: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("was done before")

    monkeypatch.setattr(sampling, "_load", refuse)
    monkeypatch.setattr("wizardcoder.evaluate.stage.evaluate", refuse)
    scored.generate("seed", DEV)
    assert scored.evaluate("seed", DEV)["counts"]["verdicts"] == 12


def test_documents_are_kept_apart_in_training_and_the_checkpoint_generates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    sampled: list[str] = []
    accumulate, load = Learner.accumulate, TransformersEngine.load

    def accumulating(self: Learner, *args: Any) -> float:
        trained.append(self.model.config._attn_implementation)
        return accumulate(self, *args)

    def loading(*args: Any, **kwargs: Any) -> TransformersEngine:
        engine = load(*args, **kwargs)
        sampled.append(engine.model.config._attn_implementation)
        return engine

    run = make_run(tmp_path / "one", *SCORED, 'train.attention="documents"')
    monkeypatch.setattr(Learner, "accumulate", accumulating)
    monkeypatch.setattr(TransformersEngine, "load", loading)
    run.train("seed")
    assert set(trained) == {NAME}
    assert set(sampled) == {"sdpa"}


def test_the_report_has_its_curve_and_what_it_was_chosen_by(scored: Run) -> None:
    found = results(scored)
    (arm,) = found.arms
    assert found.development == DEV
    assert len(arm.score_curve) == sum(line.pass_at_1 is not None for line in log(scored))
    assert arm.training is not None
    assert arm.training.tokens_per_second


def test_a_test_set_chooses_no_checkpoint(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one", SCORED[0], 'evolve.stop.benchmark="miniature"')
    with pytest.raises(RecipeError, match="chosen by a development set"):
        run.train("seed")


def test_without_a_verdict_there_is_no_score(scored: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = scored.path / "model" / "seed"
    score = development.scoring(scored.recipe, names.load_benchmark(DEV))
    monkeypatch.setattr(evaluate, "problem_scores", lambda verdicts: {})
    with pytest.raises(SandboxError, match="no verdict on any program"):
        score(model)


def test_a_wrong_base_is_found_before_anything_is_paid(tmp_path: Path) -> None:
    from wizardcoder.pipeline import run_all

    wanted = recipe.load(tiny.write_recipe(tmp_path), [f'base.model="{tmp_path / "nowhere"}"'])
    with pytest.raises(MissingDataError, match="there is no such folder"):
        run_all(open_run(tmp_path / "run", wanted))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"recipe.toml"}
