"""Arms select rounds, merged or alone, and as many records as the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clean.planted import record
from wizardcoder import recipe
from wizardcoder.errors import RecipeError
from wizardcoder.pipeline import arms
from wizardcoder.records import Record
from wizardcoder.storage import write_parquet

RECORDS = [record(f"s{n}/{r}", seed_id=f"s{n}", round=r) for n in range(40) for r in range(4)]


def rounds(records: list[Record]) -> set[int]:
    return {record.round for record in records}


def test_an_arm_merges_the_seeds_and_the_rounds_up_to_its_own() -> None:
    assert rounds(arms.select(RECORDS, 2)) == {0, 1, 2}


def test_a_round_alone_is_itself_only() -> None:
    assert rounds(arms.select(RECORDS, 2, alone=arms.is_alone("only-2"))) == {2}


def test_a_draw_keeps_the_order_and_holds_every_smaller_draw() -> None:
    small, large = arms.draw(RECORDS, 10, seed=3), arms.draw(RECORDS, 50, seed=3)
    assert len(small) == 10 and len(large) == 50
    assert [r for r in RECORDS if r in large] == large
    assert [r for r in large if r in small] == small


def test_a_training_set_is_read_from_its_table_again_and_again(tmp_path: Path) -> None:
    table = tmp_path / "records.parquet"
    write_parquet(table, Record, RECORDS)
    merged = arms.TrainingSet(table, 1, False, None, 0)
    assert list(merged) == list(merged) == list(arms.select(RECORDS, 1))
    assert list(arms.TrainingSet(table, None, False, 10, 3)) == arms.draw(RECORDS, 10, seed=3)


def test_another_seed_draws_others() -> None:
    assert arms.draw(RECORDS, 10, seed=3) != arms.draw(RECORDS, 10, seed=4)


def test_without_a_count_all_are_taken() -> None:
    assert arms.draw(RECORDS, None, seed=0) == RECORDS == arms.draw(RECORDS, 1000, seed=0)


def test_a_recipe_may_name_a_round_alone_but_not_with_evol_stop() -> None:
    table = {"arms": ["seed", "only-2"], "evolve": {"rounds": 2}}
    assert recipe.parse(table, "r.toml").arms == ["seed", "only-2"]
    with pytest.raises(RecipeError, match="unknown arm 'only-2'"):
        recipe.parse({**table, "evolve": {"rounds": "auto"}}, "r.toml")
