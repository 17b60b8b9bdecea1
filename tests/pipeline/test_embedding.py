"""The paper's way to find leaks, from the recipe to the table of hits.

The miniature's teacher is asked through the protocol and the ledger as any other.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.tiny_encoder import write_encoder
from wizardcoder import miniature, recipe
from wizardcoder.clean import Hit
from wizardcoder.errors import MissingReplyError, StageConflictError
from wizardcoder.pipeline import Run, names, open_run
from wizardcoder.pipeline.touching import checked_names
from wizardcoder.records import Rejected
from wizardcoder.storage import read_parquet
from wizardcoder.teacher import Ledger

RECIPE = """
name = "embedding"
workers = 1
arms = ["seed"]
seeds = { source = "%s" }
teacher = { model = "miniature", endpoint = "miniature", terms = "none" }
evolve = { rounds = 0 }

[clean]
near_duplicates = false
containment = 1.0
min_ast_nodes = 999
benchmarks = ["miniature-dev"]
embedding = { enabled = true, model = "%s", nearest = 1 }

[train]
steps = 1
"""
PLANTED = 3


def planted() -> list[dict[str, str]]:
    """Seeds of the miniature, and some problems of its benchmark with their solutions."""
    problems = names.unseen(names.load_benchmark("miniature-dev"))[:PLANTED]
    leaks = [(p.instruction, p.prompt + p.canonical_solution) for p in problems]
    fine = [(seed.instruction, seed.response) for seed in miniature.seeds(12, 0.0, 0)]
    return [{"instruction": asked, "output": said} for asked, said in (*leaks, *fine)]


def start(folder: Path, name: str = "run", **options: bool) -> Run:
    return open_run(folder / name, recipe.load(folder / "recipe.toml"), **options)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = planted()
    words = sorted(set(re.findall(r"\w+", " ".join(row["instruction"] for row in rows))))
    encoder = write_encoder(tmp_path / "encoder", words, positions=128)
    (tmp_path / "seeds.json").write_text(json.dumps(rows))
    (tmp_path / "recipe.toml").write_text(RECIPE % (tmp_path / "seeds.json", encoder))
    return tmp_path


def test_planted_leaks_are_matched_by_the_teacher_and_rejected(folder: Path) -> None:
    run = start(folder)
    run.seeds()
    manifest = run.clean()
    counts = manifest["counts"]
    assert checked_names(manifest["identity"]) == ["miniature-dev"]  # and not the encoder
    problems = names.unseen(names.load_benchmark("miniature-dev"))
    hits = read_parquet(run.path / "clean" / "hits.parquet", Hit)
    matched = {hit.task_id for hit in hits if hit.rule == "teacher_match" and hit.drops}
    assert {problem.task_id for problem in problems[:PLANTED]} <= matched
    assert counts["contamination_by_rule"]["teacher_match"] >= PLANTED
    rejected = read_parquet(run.path / "clean" / "rejected.parquet", Rejected)
    assert {row.rule for row in rejected} == {"contaminated"} and len(rejected) >= PLANTED
    with Ledger(run.path / "ledger.sqlite") as ledger:
        assert ledger.totals().answered == len(problems)


def test_a_replay_gives_the_same_tables_and_asks_nobody(folder: Path) -> None:
    run = start(folder)
    run.seeds(), run.clean()
    first = (run.path / "clean" / "hits.parquet").read_bytes()
    again = Run(run.path, run.recipe, force=True, replay=True)
    again.clean()
    assert (run.path / "clean" / "hits.parquet").read_bytes() == first
    other = Run(folder / "other", run.recipe, replay=True)
    other.seeds()
    with pytest.raises(MissingReplyError):
        other.clean()


def test_another_teacher_is_another_stage(folder: Path) -> None:
    run = start(folder)
    run.seeds(), run.clean()
    teacher = run.recipe.teacher.model_copy(update={"temperature": 0.5})
    changed = Run(run.path, run.recipe.model_copy(update={"teacher": teacher}))
    with pytest.raises(StageConflictError):
        changed.clean()
