"""How data came to be, as its card tells it: prompts, teachers and costs of a run, no secrets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.export.samples import child, record
from wizardcoder import prompts, recipe
from wizardcoder.export import Origin, Spent
from wizardcoder.pipeline import Run, open_run
from wizardcoder.pipeline.origins import Folders, origin
from wizardcoder.recipe import Teacher
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, open_stage


def stage(folder: Path, records: list[Record], rejected: list[Rejected], **cost: float) -> None:
    """A finished stage of a run."""
    with open_stage(folder, Identity(folder.name, {})) as opened:
        tables = {"records": (Record, records), "rejected": (Rejected, rejected)}
        opened.finish(tables, counts={}, cost=cost)


def run_of(folder: Path, *overrides: str) -> Run:
    """A run with a seed and two children of different teachers, one of which was rejected."""
    run = open_run(folder / "mine", recipe.load(None, overrides))
    stage(run.path / "seeds", [record(1)], [Rejected.of(record(2), "no_instruction")])
    children = [child(1, 1, teacher="a"), child(1, 2, teacher="b", teacher_terms="no rivals")]
    refused = Rejected.of(child(1, 3, teacher="c", operation="mine"), "refusal")
    cost = {"calls": 7, "maybe_paid": 1, "prompt_tokens": 5, "completion_tokens": 6, "usd": 0.5}
    stage(run.path / "evolved", children, [refused], **cost)
    return run


def origin_of(run: Run, rounds: int | None = 3) -> Origin:
    folders = Folders(run.path / "seeds", run.path / "evolved", None)
    return origin(run, "final", folders, rounds)


def test_teachers_of_all_ancestors_are_known(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    assert origin_of(run).ancestors == [("a", "none"), ("b", "no rivals")]
    assert origin_of(run, 1).ancestors == [("a", "none")]


def test_attempts_of_later_rounds_are_not_counted(tmp_path: Path) -> None:
    evolution = origin_of(run_of(tmp_path), 2).evolution
    assert evolution is not None
    assert (evolution.accepted, evolution.rejected, evolution.rules) == (2, 0, {})


def test_seeds_that_were_rejected_are_counted_by_rule(tmp_path: Path) -> None:
    assert origin_of(run_of(tmp_path)).seeds_rejected == {"no_instruction": 1}


def test_what_a_stage_paid_is_said(tmp_path: Path) -> None:
    assert origin_of(run_of(tmp_path)).spent == (Spent("evolved", 7, 1, 5, 6, 0.5),)


def test_prompts_are_word_for_word_with_their_weights(tmp_path: Path) -> None:
    asked = "Rewrite {question} {thus}."
    run = run_of(
        tmp_path,
        "evolve.operations={reasoning = 2, replace = 0, mine = 1}",
        f"evolve.custom.mine.prompt='{asked}'",
        "evolve.languages={Rust = 1}",
        "evolve.judge.enabled=true",
        "evolve.verify.enabled=true",
    )
    reasoning = prompts.CODE_EVOLVE.replace("{method}", prompts.CODE_EVOLVE_METHODS["reasoning"])
    assert [tuple(prompt) for prompt in origin_of(run).prompts] == [
        ("reasoning", reasoning, 2),
        ("mine", asked, 1),
        ("language", prompts.LANGUAGE, None),
        ("judge", prompts.JUDGE, None),
        ("tests", prompts.TESTS, None),
    ]


def test_the_recipe_is_told_without_places_and_secrets(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        "seeds.source='/home/somebody/seeds.json'",
        "evolve.operations={mine = 1}",
        "evolve.custom.mine.prompt='/slash {question}'",
    )
    teacher = Teacher(endpoint="https://me:secret@host:8000/v1?key=hidden")  # as none is read
    run = replace(run, recipe=run.recipe.model_copy(update={"teacher": teacher}))
    text = origin_of(run).recipe_toml
    assert not [hidden for hidden in ("somebody", "secret", "hidden") if hidden in text]
    for said in ('"seeds.json"', '"https://host:8000/v1"', '"/slash {question}"'):
        assert said in text
    assert "[train]" not in text
