"""The pipeline from seeds to report, on a run that takes seconds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tests import tiny
from wizardcoder import prompts, recipe
from wizardcoder.cli.app import run as main
from wizardcoder.errors import RecipeError, StageConflictError, UsageError
from wizardcoder.pipeline import Run, existing_run, open_run, results, run_all
from wizardcoder.records import Record
from wizardcoder.storage import read_parquet


def test_a_run_ends_with_a_report_of_every_arm(finished: Run) -> None:
    shown = json.loads((finished.path / "report" / "results.json").read_text())
    assert [arm["name"] for arm in shown["arms"]] == finished.recipe.arms
    assert all(len(arm["scores"]) == 3 for arm in shown["arms"])
    page = (finished.path / "report" / "index.html").read_text()
    assert "more-of-the-same" in page


def test_every_trained_arm_is_scored_without_what_its_data_touches(finished: Run) -> None:
    shown = json.loads((finished.path / "report" / "results.json").read_text())
    rows = {row["arm"]: row for row in shown["touched"]}
    assert list(rows) == [arm for arm in finished.recipe.arms if arm != "base"]
    for row in rows.values():
        assert row["untouched"] == row["problems"] - row["touched"] - row["unchecked"]
        assert (row["problems"], row["unchecked"]) == (300, 100)


def test_nothing_is_left_unfinished(finished: Run) -> None:
    assert not list(finished.path.rglob("*.partial"))
    assert not [p for p in finished.path.rglob("*.jsonl") if p.stem not in ("train", "timings")]


def test_the_resolved_recipe_is_kept_with_every_default(finished: Run) -> None:
    assert recipe.load(finished.path / "recipe.toml") == finished.recipe


def test_attempts_are_accepted_or_rejected_with_one_rule(finished: Run) -> None:
    counts = json.loads((finished.path / "evolved" / "manifest.json").read_text())["counts"]
    assert counts["attempts"] == 40 * 2 == counts["accepted"] + counts["rejected"]
    assert sum(counts["rules"].values()) == counts["rejected"]


def test_every_record_says_where_it_comes_from(finished: Run) -> None:
    for record in read_parquet(finished.path / "clean" / "records.parquet", Record):
        assert (record.source, record.licence) == ("miniature", "Apache-2.0")
        assert (record.teacher == "miniature") == (record.round > 0)


def test_more_of_the_same_has_as_many_distinct_programs_as_the_last_round(finished: Run) -> None:
    last = {r.response for r in finished.records("round-2")}
    control = {r.response for r in finished.records("more-of-the-same")}
    assert len(control) == len(last)
    assert {r.response for r in finished.records("seed")} <= control


def test_an_arm_selects_rounds(finished: Run) -> None:
    assert {r.round for r in finished.records("round-1")} == {0, 1}
    assert {r.round for r in finished.records("final")} == {0, 1, 2}


def test_a_finished_run_does_nothing_again(finished: Run) -> None:
    stages = list(finished.path.rglob("manifest.json"))
    before = {p: p.stat().st_mtime_ns for p in stages}
    run_all(finished)
    assert {p: p.stat().st_mtime_ns for p in stages} == before


def test_another_run_of_the_same_recipe_gives_the_same_bytes(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    other = open_run(tmp_path / "run", finished.recipe)
    run_all(other)
    assert tiny.tables(other.path) == tiny.tables(finished.path)


def test_the_base_is_taken_from_the_cache(finished: Run, tmp_path: Path) -> None:
    cache = finished.path.parent / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        other = open_run(tmp_path / "run", finished.recipe)
        other.base()
    weights = [run.path / "model" / "base" / "model.safetensors" for run in (finished, other)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    costs = [{c.stage: c for c in results(run).stages}["train base"] for run in (finished, other)]
    assert costs[0].seconds > 0
    assert not costs[0].note
    assert costs[1].seconds == 0
    assert "from the cache" in costs[1].note


def test_a_changed_recipe_is_refused_and_what_changes_nothing_is_not(finished: Run) -> None:
    changed = finished.recipe.model_copy(
        update={"evolve": finished.recipe.evolve.model_copy(update={"rounds": 3})}
    )
    with pytest.raises(StageConflictError, match=r"evolve\.rounds: 2 → 3.*--force"):
        open_run(finished.path, changed)
    open_run(finished.path, finished.recipe.model_copy(update={"workers": 2}))
    open_run(finished.path, finished.recipe)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a run folder: it has no recipe\.toml"):
        existing_run(tmp_path)


def test_a_control_that_the_miniature_does_not_know_is_named(finished: Run, tmp_path: Path) -> None:
    control = recipe.Control(source="harder")
    wanted = finished.recipe.model_copy(update={"controls": {"x": control}})
    run = Run(finished.path, wanted)
    with pytest.raises(RecipeError, match=r"source = 'harder'.*more-of-the-same"):
        run.control("x")


def test_a_tuned_checkpoint_writes_questions_in_chat_as_in_training(finished: Run) -> None:
    tokenizer = AutoTokenizer.from_pretrained(finished.path / "model" / "seed")
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "A?"}], tokenize=False)
    assert asked == prompts.alpaca("A?")


def test_a_checkpoint_is_sampled_and_judged_outside_its_run(
    finished: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    checkpoint, out = str(finished.path / "model" / "seed"), str(tmp_path / "out")
    options = ["--benchmark", "miniature-dev", "--set", "generate.max_tokens=8", "--out", out]
    assert main(["generate", checkpoint, *options]) == 0
    (table,) = capsys.readouterr().out.split()
    assert main(["evaluate", "miniature-dev", "--completions", table, "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["total"] == 300
    assert sorted(score["groups"]) == ["1-step", "2-step", "3-step"]
