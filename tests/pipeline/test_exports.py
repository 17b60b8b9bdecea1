"""Which records an export of a run holds, and what its card knows of how they came to be."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from wizardcoder import recipe
from wizardcoder.errors import UsageError
from wizardcoder.pipeline import Run, export
from wizardcoder.pipeline.exports import card, data_set
from wizardcoder.pipeline.origins import Folders, origin
from wizardcoder.records import Record
from wizardcoder.storage import read_manifest, read_parquet


def exported(run: Run, out: Path, **options: object) -> list[Record]:
    """The records of an export."""
    return read_parquet(export(run, out=out, **options).folder / "train.parquet", Record)  # type: ignore[arg-type]


@pytest.mark.parametrize("arm", ["seed", "round-1", "round-2", "final", "more-of-the-same"])
def test_clean_data_is_what_the_arm_is_trained_on(finished: Run, arm: str, tmp_path: Path) -> None:
    assert exported(finished, tmp_path / "out", arm=arm) == finished.records(arm)


def test_evolved_data_is_seeds_and_children_before_cleaning(finished: Run, tmp_path: Path) -> None:
    found = exported(finished, tmp_path / "out", stage="evolved", arm="round-1")
    tables = [finished.path / name / "records.parquet" for name in ("seeds", "evolved")]
    rows = [r for table in tables for r in read_parquet(table, Record) if r.round <= 1]
    assert found == sorted(rows, key=lambda r: (r.seed_id, r.round))


def test_the_report_holds_the_card(finished: Run) -> None:
    text = (finished.path / "report" / "dataset_card.md").read_text()
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "apache-2.0"
    assert "configs" not in text.split("---\n")[1]


def test_the_cards_numbers_are_those_of_the_manifests(finished: Run, tmp_path: Path) -> None:
    text = (export(finished, out=tmp_path / "out").folder / "README.md").read_text()
    evolved, clean = (read_manifest(finished.path / name) for name in ("evolved", "clean"))
    counts, cost = evolved["counts"], evolved["cost"]
    for said in (
        f"{counts['attempts']} attempts: {counts['accepted']} accepted, {counts['rejected']} rej",
        f"{clean['counts']['kept']} records were kept and {clean['counts']['rejected']} rejected",
        f"| evolved | {cost['calls']} | 0 | {cost['prompt_tokens']:,} |",
        *(f"| `{rule}` | {n} |" for rule, n in counts["rules"].items()),
        *(f"- `{rule}`: {n}\n" for rule, n in clean["counts"]["rules"].items()),
    ):
        assert said in text


def test_attempts_add_up_over_rounds_and_operations(finished: Run) -> None:
    data = data_set(finished)
    folders = (finished.path / name for name in ("seeds", "evolved", "clean"))
    evolution = origin(finished, "final", Folders(*folders), data.rounds).evolution
    assert evolution is not None
    for tallies in (evolution.rounds, evolution.operations):
        assert sum(t.accepted for t in tallies) == evolution.accepted
        assert sum(t.rejected for t in tallies) == evolution.rejected
    assert sum(evolution.rules.values()) == evolution.rejected


def test_with_evol_stop_a_round_has_data_of_its_own_and_final_waits(tmp_path: Path) -> None:
    run = Run(tmp_path, recipe.load(None, ["evolve.rounds=auto"]))
    assert data_set(run, "round-2").folders == {"clean": tmp_path / "rounds" / "2" / "clean"}
    assert data_set(run, "seed").folders == {"clean": tmp_path / "clean"}
    with pytest.raises(UsageError, match="has not come to its end"):
        data_set(run)
    assert card(run) is None


def test_a_run_that_has_made_nothing_has_no_card(tmp_path: Path) -> None:
    assert card(Run(tmp_path, recipe.load(None))) is None


def test_an_arm_that_is_not_there_is_named(finished: Run) -> None:
    with pytest.raises(UsageError, match=r"--arm round-9: .* seed, round-1, round-2, final, more"):
        data_set(finished, "round-9")
