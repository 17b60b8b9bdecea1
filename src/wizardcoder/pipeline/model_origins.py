"""How a model of a run came to be, from manifests, tables and verdicts: what its card says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from wizardcoder import evaluate
from wizardcoder.errors import UsageError
from wizardcoder.export import (
    BaseModel,
    Contents,
    ModelOrigin,
    Origin,
    Rate,
    Scored,
    Training,
    Untouched,
)
from wizardcoder.pipeline import arms, words
from wizardcoder.pipeline.base import base_path
from wizardcoder.pipeline.names import MINIATURE
from wizardcoder.pipeline.origins import Folders, origin, public_place, recipe_toml
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.scored import is_of, judged, score_of, verdicts_of, weights_of
from wizardcoder.recipe import Generate, Train
from wizardcoder.storage import Json, read_manifest

#: The miniature's base is made in the run, by this project, from its own texts.
_OWN_LICENCE = "Apache-2.0"


def model_origin(run: Run, arm: str, base_licence: str = "") -> ModelOrigin:
    """How the model of an arm came to be; `base_licence` overrides what the recipe says of it.

    Raises UsageError when the run has no such model.
    """
    trained = read_manifest(trained_folder(run, arm))
    weights, data = weights_of(run.path / "model" / arm), _data(run, arm)
    benchmarks = judged(run, arm)
    fresh = [name for name in benchmarks if is_of(run, arm, name, weights)]
    base_weights = trained["identity"]["inputs"].get("base", "")
    return ModelOrigin(
        name=data.name,
        base=_base(run, base_licence),
        data=data,
        contents=Contents.of(run.records(arm)),
        training=_training(run, trained),
        scores=[_scored(run, arm, name, base_weights) for name in fresh],
        stale=[name for name in benchmarks if name not in fresh],
        seconds=dict(_seconds(run, arm, trained, fresh)),
        versions=trained["versions"],
        recipe_toml=recipe_toml(run.recipe),
    )


def trained_models(run: Run) -> list[str]:
    """The arms of a run whose model is trained."""
    return [arm for arm in run.arms if arm != arms.BASE and _is_trained(run, arm)]


def trained_folder(run: Run, arm: str) -> Path:
    """Where the model of an arm lies. Raises UsageError when it is not there, or not tuned."""
    if arm == arms.BASE:
        raise UsageError(f"--arm {arm}: this run has not tuned its base; it came as it is")
    if not _is_trained(run, arm):
        known = ", ".join(trained_models(run)) or "none yet: wizardcoder train makes them"
        raise UsageError(f"--arm {arm}: {run.path} has no such model; it has {known}")
    return run.path / "model" / arm


def _is_trained(run: Run, arm: str) -> bool:
    return (run.path / "model" / arm / "manifest.json").exists()


def _data(run: Run, arm: str) -> Origin:
    """How the training data of an arm came to be."""
    root = run.clean_folder(arm).parent
    seeds = root if arm in run.recipe.controls else run.path
    rounds = run.rounds if arm == "final" else arms.rounds_of(arm, run.recipe)
    folders = Folders(seeds / "seeds", root / "evolved", root / "clean")
    found = origin(run, arm, folders, rounds)
    drawn = f", {run.recipe.samples:,} of them at most" if run.recipe.samples else ""
    return replace(found, about=f"{found.about}{drawn}")


def _base(run: Run, licence: str) -> BaseModel:
    name = run.recipe.base.model
    if name == MINIATURE:
        return BaseModel("the miniature's base", licence or _OWN_LICENCE, made_here=not licence)
    on_hub = isinstance(base_path(run.recipe, run.path), str)
    return BaseModel(public_place(name), licence or run.recipe.base.licence, on_hub)


def _training(run: Run, trained: Json) -> Training:
    """What the manifest of a model says; options that it does not know are at their defaults."""
    told, counts = trained["identity"]["options"], trained["counts"]
    options = Train.model_validate({k: v for k, v in told.items() if k in Train.model_fields})
    figures = ("examples", "rejected", "truncated", "steps", "tokens", "label_tokens", "loss")
    further = ("processes", "halvings", "best_step", "pass_at_1")
    chosen = counts.get("pass_at_1") is not None
    return Training(
        options=options,
        seconds=trained["cost"].get("training_seconds", trained["seconds"]),
        chosen_on=run.recipe.evolve.stop.benchmark if chosen else "",
        **{name: counts[name] for name in figures},
        **{name: counts[name] for name in further if name in counts},
    )


def _scored(run: Run, arm: str, name: str, base_weights: str) -> Scored:
    score = score_of(run, arm, name)
    sampled = read_manifest(run.path / "completions" / arm / name)
    is_judged = name in judged(run, arms.BASE) and is_of(run, arms.BASE, name, base_weights)
    return Scored(
        benchmark=name,
        score=_rate(score),
        coverage=score.coverage,
        attested=score.attested,
        sandbox_level=score.sandbox_level,
        sampling=_sampling(sampled),
        answers=sampled["counts"]["completions"],
        truncated=sampled["counts"].get("truncated", 0),
        base=_rate(score_of(run, arms.BASE, name)) if is_judged else None,
        untouched=_untouched(score),
    )


def _rate(score: evaluate.Score | evaluate.GroupScore) -> Rate:
    low, high = score.interval[1]
    return Rate(score.pass_at_k[1], low, high, score.problems)


def _untouched(score: evaluate.Score) -> Untouched | None:
    found, left = score.touched, score.untouched
    if found is None or left is None:
        return None
    return Untouched(_rate(left) if left.problems else None, len(found.kept), len(found.unchecked))


def _sampling(sampled: Json) -> str:
    told = sampled["identity"]["options"]
    options = Generate.model_validate({k: v for k, v in told.items() if k in Generate.model_fields})
    own = "the precision of the checkpoint" if options.engine == "vllm" else "fp32"
    return f"{words.sampling(options)}, {options.engine} in {options.precision or own}"


def _seconds(
    run: Run, arm: str, trained: Json, benchmarks: list[str]
) -> Iterator[tuple[str, float]]:
    """What making and scoring the model took, by the clock."""
    yield "training", trained["cost"].get("training_seconds", trained["seconds"])
    for name in benchmarks:
        yield f"sampling {name}", read_manifest(run.path / "completions" / arm / name)["seconds"]
        yield f"judging {name}", read_manifest(verdicts_of(run, arm, name))["seconds"]
