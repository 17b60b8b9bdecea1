from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from wizardcoder.clean import columns, duplicates
from wizardcoder.clean.duplicates import Duplicates, Relation, Rule
from wizardcoder.clean.minhash import LEADERS
from wizardcoder.clean.shingles import shingle
from wizardcoder.recipe import Clean
from wizardcoder.records import Record
from wizardcoder.storage import to_table

from .planted import DISGUISES, characters, near, record, unrelated, words

QUESTION = "Sum the even numbers of a list and return the sum."


def as_table(records: list[Record]) -> pa.Table:
    ordered = sorted(records, key=lambda r: (r.seed_id, r.round, r.id))
    return to_table(Record, ordered)


def find(records: list[Record], **options: object) -> tuple[Duplicates, list[str]]:
    """The duplicates among records, and the ids in their order."""
    table = as_table(records)
    return duplicates.find(table, Clean(**options)), table["id"].to_pylist()  # type: ignore[arg-type]


def repeated(records: list[Record]) -> dict[str, tuple[str, Rule, Relation]]:
    """What each record that repeats one repeats, how, and how they are related."""
    found, ids = find(records)
    return {
        ids[row]: (ids[found.of[row]], Rule(found.rule[row]), Relation(found.relation[row]))
        for row in np.flatnonzero(found.of >= 0)
    }


def similar(id: str, changes: int, **where: str | int | None) -> Record:
    """A record of 200 fixed words, so many of the last ones replaced."""
    text = words(Random(7), 200).split()
    kept = text[: len(text) - changes]
    return record(id, QUESTION, " ".join([*kept, *(f"{id}{n}" for n in range(changes))]), **where)  # type: ignore[arg-type]


def planted(count: int) -> list[Record]:
    """Originals, copies of each at a similarity from 0.6 to 0.9, exact ones, and strangers."""
    random = Random(2)
    originals = [record(f"a{n:04d}", QUESTION, words(random, 90)) for n in range(count)]
    copies = [
        record(f"b{n:04d}", QUESTION, near(r.response, random.uniform(0.6, 0.9), random))
        for n, r in enumerate(originals)
    ]
    exact = [record(f"c{r.id}", QUESTION, f"{r.response}\n") for r in originals[: count // 10]]
    return [*originals, *copies, *exact, *unrelated(count)]


def oracle(table: pa.Table, threshold: float) -> dict[tuple[int, int], float]:
    """Every pair of rows with at least that similarity, by joining all shingles with all."""
    found = shingle(columns.texts(table).to_pylist(), 5)
    sets = pl.DataFrame({"row": found.owners, "shingle": found.hashes})
    sizes = pl.Series(found.sizes)
    joined = sets.join(sets, on="shingle").filter(pl.col("row") < pl.col("row_right"))
    common = joined.group_by("row", "row_right").len("common")
    union = sizes.gather(common["row"]) + sizes.gather(common["row_right"]) - common["common"]
    pairs = common.with_columns(jaccard=common["common"] / union)
    pairs = pairs.filter(pl.col("jaccard") >= threshold)
    return {(row, other): jaccard for row, other, _, jaccard in pairs.iter_rows()}


def test_of_exact_duplicates_the_first_by_seed_and_round_stays() -> None:
    records = [
        record("c", QUESTION, "x", seed_id="s2"),
        record("b", QUESTION, "x", seed_id="s1", round=1),
        record("a", QUESTION, "x", seed_id="s1", round=2, parent_id="b"),
    ]
    assert repeated(records) == {
        "a": ("b", Rule.EXACT, Relation.PARENT_CHILD),
        "c": ("b", Rule.EXACT, Relation.UNRELATED),
    }


def test_white_space_makes_no_difference() -> None:
    records = [record("a", "Do  this:\n now", "x = 1"), record("b", "Do this: now", "x  =  1\n")]
    assert repeated(records) == {"b": ("a", Rule.EXACT, Relation.UNRELATED)}


@pytest.mark.parametrize("odd", ["Do\u00a0this:\u3000now", "D\u200bo t\u00adhis: now\ufeff"])
def test_neither_odd_spaces_nor_what_cannot_be_seen_make_a_difference(odd: str) -> None:
    records = [record("a", "Do this: now", "x"), record("b", odd, "x")]
    assert repeated(records) == {"b": ("a", Rule.EXACT, Relation.UNRELATED)}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_near_duplicate_goes(disguise: Callable[[str], str]) -> None:
    text = similar("b", 10).response
    found, _ = find([similar("a", 0), record("b", disguise(QUESTION), disguise(text))])
    assert found.rule.tolist() == [Rule.NONE, Rule.NEAR_REMOVED]
    assert found.jaccard[1] == pytest.approx(0.908, abs=5e-4)


def test_near_duplicates_in_a_script_without_spaces_go_and_strangers_stay() -> None:
    random = Random(6)
    originals = [record(f"a{n:03d}", "", characters(random, 120)) for n in range(100)]
    copies = [
        record(f"b{n:03d}", "", f"{r.response[:110]}{characters(random, 10)}")
        for n, r in enumerate(originals)
    ]
    strangers = [record(f"c{n:03d}", "", characters(random, 120)) for n in range(100)]
    found, ids = find([*originals, *copies, *strangers])
    assert {ids[row] for row in np.flatnonzero(found.removed)} == {r.id for r in copies}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (record("a", "Square 10\u00b2", "z"), record("b", "Square 102", "z")),
        (record("a", "Add", input="1 2"), record("b", "Add", input="3 4")),
        (record("a", "x y", "z"), record("b", "x", "y z")),
        (record("a", "Say it", "X"), record("b", "say it", "x")),
        (record("a", "Say it", "x=1"), record("b", "Say it", "x = 1")),
    ],
)
def test_what_is_not_the_same_is_no_exact_duplicate(one: Record, other: Record) -> None:
    found, _ = find([one, other])
    assert Rule.EXACT not in found.rule


def test_a_near_duplicate_of_another_lineage_goes_and_says_of_what() -> None:
    found, _ = find([similar("b", 10), similar("a", 0)])
    assert found.of.tolist() == [-1, 0]
    assert found.removed.tolist() == [False, True]
    assert found.jaccard[1] == pytest.approx(0.908, abs=5e-4)


def test_near_duplicates_of_one_lineage_stay_and_are_counted() -> None:
    seed = similar("s", 0)
    child = similar("s#1", 5, seed_id="s", round=1, parent_id="s")
    other = similar("s#2", 6, seed_id="s", round=2, parent_id="elsewhere")
    found, _ = find([seed, child, other])
    assert not found.removed.any()
    assert found.counts()["near_kept"] == {"parent-child": 1, "sibling": 1, "unrelated": 0}


def test_the_closest_relation_is_the_one_that_counts() -> None:
    seed = similar("s", 0)
    first = similar("s#1", 5, seed_id="s", round=1, parent_id="s")
    second = similar("s#2", 6, seed_id="s", round=2, parent_id="s#1")
    assert repeated([seed, first, second])["s#2"][0] == "s#1"


def test_a_record_is_compared_with_kept_ones_only() -> None:
    a, b = similar("a", 0), similar("b", 25)
    c = record("c", QUESTION, " ".join([*b.response.split()[25:], *(f"c{n}" for n in range(25))]))
    assert [*repeated([b, c])] == ["c"]
    assert [*repeated([a, b, c])] == ["b"]


def test_every_row_that_goes_names_one_that_stays() -> None:
    found, _ = find(planted(100))
    assert not found.removed[found.of[found.removed]].any()


def test_what_the_exact_join_finds_goes_and_nothing_else() -> None:
    table = as_table(planted(400))
    found = duplicates.find(table, Clean())
    exact = oracle(table, 0.7)
    removed = np.flatnonzero(found.removed)
    assert all(
        exact[int(found.of[row]), int(row)] == pytest.approx(found.jaccard[row], abs=1e-6)
        for row in removed
    )
    decided = [pair for pair in exact if found.removed[[*pair]].any()]
    assert len(exact) > 300
    assert len(decided) >= 0.98 * len(exact)


@pytest.mark.parametrize(("jaccard", "recall"), [(0.9, 0.995), (0.8, 0.99), (0.71, 0.98)])
def test_planted_near_duplicates_go(jaccard: float, recall: float) -> None:
    random = Random(3)
    originals = [record(f"a{n:04d}", QUESTION, words(random, 90)) for n in range(400)]
    copies = [
        record(f"b{n:04d}", QUESTION, near(r.response, jaccard, random))
        for n, r in enumerate(originals)
    ]
    found, _ = find([*originals, *copies])
    assert np.count_nonzero(found.removed) >= recall * len(copies)


@pytest.mark.parametrize("threshold", [0.4, 0.9])
def test_the_bands_follow_the_threshold(threshold: float) -> None:
    random = Random(4)
    originals = [record(f"a{n:03d}", "", words(random, 104)) for n in range(100)]
    copies = [
        record(f"b{n:03d}", "", near(r.response, threshold + 0.02, random))
        for n, r in enumerate(originals)
    ]
    found, _ = find([*originals, *copies], near_duplicate_jaccard=threshold)
    assert np.count_nonzero(found.removed) >= 97


def test_unrelated_records_all_stay() -> None:
    found, _ = find(unrelated(400))
    assert not found.rule.any()


def test_empty_texts_are_exact_duplicates_and_resemble_nothing() -> None:
    found, _ = find([record("a", "", ""), record("b", "", " \n"), record("c", "a b", "")])
    assert found.rule.tolist() == [Rule.NONE, Rule.EXACT, Rule.NONE]


def test_an_empty_table_has_no_duplicates() -> None:
    assert len(find([])[0].of) == 0


def test_near_duplicates_can_be_left_alone() -> None:
    found, _ = find(planted(50), near_duplicates=False)
    assert {*found.rule.tolist()} == {Rule.NONE, Rule.EXACT}


@pytest.mark.parametrize("lineages", [1, 600])
def test_hundreds_of_variants_of_one_text_take_no_quadratic_number_of_looks(lineages: int) -> None:
    text = words(Random(1), 100)
    records = [
        record(f"r{n:03d}", text, f"x{n}", seed_id=f"s{n % lineages:03d}") for n in range(600)
    ]
    found, _ = find(records)
    rule = Rule.NEAR_KEPT if lineages == 1 else Rule.NEAR_REMOVED
    assert np.count_nonzero(found.rule == rule) == 599
    assert found.of.max() < LEADERS


def test_neither_jobs_nor_memory_nor_portions_change_what_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = as_table(planted(150))
    whole = duplicates.find(table, Clean())
    monkeypatch.setattr(columns, "PORTION_ROWS", 37)
    monkeypatch.setattr(duplicates, "_MB", 2048)
    small = duplicates.find(table, Clean(memory_mb=1), spill=tmp_path, jobs=3)
    assert all(map(np.array_equal, whole, small))
    assert not [*tmp_path.iterdir()]


def test_of_some_rows_what_is_found_is_as_of_a_table_of_them_alone() -> None:
    table = as_table(planted(100))
    places = np.arange(len(table))[np.arange(len(table)) % 3 > 0]
    whole = duplicates.find(table.take(places), Clean())
    found = duplicates.find(table, Clean(), places=places)
    assert all(map(np.array_equal, found, whole))
    assert found.removed.any()


def evolved(folder: Path) -> list[Record]:
    """Real evolved questions of three rounds.

    The files do not name parents: the most similar question of the round before stands for it.
    """
    records: list[Record] = []
    before: list[tuple[set[int], Record]] = []
    for number in (1, 2, 3):
        rows = json.loads((folder / f"python_questions_round_{number}.json").read_text())
        shingles = shingle([row["instruction"] for row in rows], 2)
        latest = []
        for place, row in enumerate(rows):
            own = {*shingles.of(place).tolist()}
            question = record(f"{number}-{place:03d}", row["instruction"], "", round=number)
            latest.append((own, _child(question, own, before)))
        before = latest
        records += [made for _, made in latest]
    return records


def _child(question: Record, own: set[int], before: list[tuple[set[int], Record]]) -> Record:
    if not before:
        return question
    _, parent = max(before, key=lambda other: len(own & other[0]) / len(own | other[0]))
    return replace(question, seed_id=parent.seed_id, parent_id=parent.id)


@pytest.mark.real_data
def test_parents_and_children_of_real_evolved_rounds_survive(shared: Path) -> None:
    found, _ = find(evolved(shared / "data" / "evolved"))
    counts = found.counts()
    assert counts["near_kept"]["parent-child"] == 31
    assert counts["near_removed"]["parent-child"] == counts["near_removed"]["sibling"] == 0
