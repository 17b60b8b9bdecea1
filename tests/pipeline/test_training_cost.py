"""A plan of a training says what the training then does, and what it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.evolve.worlds import seed
from wizardcoder import recipe as recipes
from wizardcoder import train
from wizardcoder.cli.app import run as main
from wizardcoder.errors import RecipeError
from wizardcoder.pipeline import (
    Run,
    TrainingCost,
    choose_devices,
    describe_training,
    plan_training,
)
from wizardcoder.storage import read_manifest

SEEDS = [seed(number, "Write a function. " * number) for number in range(1, 41)]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> recipes.Recipe:
    return recipes.load(tiny.write_recipe(tmp_path))


def changed(recipe: recipes.Recipe, **options: object) -> recipes.Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=options)})


def planned(
    recipe: recipes.Recipe, name: str = "H100", number: int = 1, **given: float
) -> TrainingCost:
    devices = choose_devices(recipe, name, number=number, **given)
    return plan_training(recipe, SEEDS, Path("nowhere"), devices)


def test_arms_hold_the_seeds_and_their_rounds(tiny_recipe: recipes.Recipe) -> None:
    found = planned(tiny_recipe)
    assert [(arm.arm, arm.examples) for arm in found.arms] == [
        ("seed", 40),
        ("round-1", 80),
        ("more-of-the-same", 120),
    ]
    assert all(arm.basis.startswith("assumed: 40 of the 40 seeds") for arm in found.arms)


def test_equal_samples_are_equal(tiny_recipe: recipes.Recipe) -> None:
    found = planned(tiny_recipe.model_copy(update={"samples": 30}))
    assert {arm.examples for arm in found.arms} == {30}


def test_dollars_are_hours_of_all_devices(tiny_recipe: recipes.Recipe) -> None:
    shared = changed(tiny_recipe, parallel="ddp", usd_per_hour=2.0)
    one, four = planned(changed(tiny_recipe, usd_per_hour=2.0)), planned(shared, number=4)
    assert one.arms[0].usd == pytest.approx(2 * one.arms[0].hours)
    assert four.arms[0].usd == pytest.approx(one.arms[0].usd)
    assert four.arms[0].hours == pytest.approx(one.arms[0].hours / 4)


def test_hours_follow_what_is_given_of_the_device(tiny_recipe: recipes.Recipe) -> None:
    half = planned(tiny_recipe, utilisation=0.2).arms[0].hours
    assert half == pytest.approx(2 * planned(tiny_recipe, utilisation=0.4).arms[0].hours)
    faster = planned(changed(tiny_recipe, peak_tflops=1978.0), utilisation=0.4).arms[0].hours
    assert faster == pytest.approx(half / 4)


def test_a_step_by_step_count_of_operations_gives_the_hours(tiny_recipe: recipes.Recipe) -> None:
    found = planned(tiny_recipe, utilisation=0.5)
    arm, weights = found.arms[0], found.weights
    least = 6 * weights * arm.seen.tokens / (989e12 * 0.5) / 3600
    assert least < arm.hours < 2 * least  # attention comes on top


def test_what_does_not_fit_is_said_with_what_would(tiny_recipe: recipes.Recipe) -> None:
    wide = tiny_recipe.model_copy(
        update={"base": recipes.Base(model="miniature", options={"width": 256, "layers": 4})}
    )
    found = planned(changed(wide, rows_per_batch=16))
    assert found.fits is True and not found.remedies
    too_small = found.memory.total * 0.9 / 2**30
    less = planned(changed(wide, rows_per_batch=16), memory_gb=too_small)
    assert less.fits is False
    assert less.remedies[0].settings == {"gradient_checkpointing": True}
    assert less.remedies[0].total_bytes <= 0.9 * too_small * 2**30
    said = "\n".join(describe_training(wide, less))
    assert "would fit with --set train.gradient_checkpointing=true --devices 1" in said


def test_what_nothing_mends_is_said(tiny_recipe: recipes.Recipe) -> None:
    found = planned(tiny_recipe, memory_gb=1e-6)
    assert (found.fits, found.remedies) == (False, ())
    assert "a smaller base" in list(describe_training(tiny_recipe, found))[-1]


def test_devices_that_were_not_told_how_to_share_are_refused(tiny_recipe: recipes.Recipe) -> None:
    with pytest.raises(RecipeError, match=r"4 processes .* train\.parallel = 'none'"):
        planned(tiny_recipe, number=4)


def plan(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main(["plan", "train", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_plan_of_a_run_is_what_the_training_then_did(
    finished: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(finished.path.rglob("*"))
    found = plan(capsys, str(finished.path))
    assert sorted(finished.path.rglob("*")) == before
    assert [arm["arm"] for arm in found["arms"]] == ["seed", "round-1", "more-of-the-same"]
    for arm in found["arms"]:
        done = read_manifest(finished.path / "model" / arm["arm"])["counts"]
        for name in ("examples", "rejected", "truncated", "steps", "tokens", "label_tokens"):
            assert arm[name] == done[name], (arm["arm"], name)
        assert arm["basis"] == "the cleaned records of the run"


def test_planning_writes_nothing_and_needs_no_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tiny.write_recipe(tmp_path)
    found = plan(capsys, str(path), "--device", "l4", "--usd-per-hour", "1")
    assert found["devices"]["memory_bytes"] == 24 * 2**30
    assert found["fits"] is True
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--device", "H9000"], "'H9000' is not known; known: GH200"),
        (["--set", "base.model=nowhere/at-all"], "base.model = 'nowhere/at-all': its config"),
    ],
)
def test_what_is_not_known_is_named(
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    path = tiny.write_recipe(tmp_path)
    assert main(["plan", "train", str(path), *words]) == 2
    assert message in capsys.readouterr().err


def test_the_shape_of_a_base_is_read_from_its_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tiny.write_recipe(tmp_path)
    train.pretrain(["def f(x):\n    return x\n"] * 8, {"label_tokens": 50, "width": 32}, Path("b"))
    for weights in Path("b").glob("*.safetensors"):
        weights.unlink()
    assert plan(capsys, str(path), "--set", "base.model=b")["weights"] > 0
