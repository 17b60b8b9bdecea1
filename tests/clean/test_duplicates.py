from __future__ import annotations

from random import Random

import pytest

from wizardcoder.clean.duplicates import Deduplicated, Relation, drop_exact, drop_near
from wizardcoder.records import Record

from .planted import near, record, unrelated, words

QUESTION = "Sum the even numbers of a list and return the sum."


def drop(records: list[Record], min_jaccard: float = 0.7) -> Deduplicated:
    return drop_near(records, shingle_tokens=5, min_jaccard=min_jaccard)


def similar(id: str, changes: int, **where: str | int | None) -> Record:
    """A record of 200 fixed words, so many of the last ones replaced."""
    text = words(Random(7), 200).split()
    kept = text[: len(text) - changes]
    return record(id, QUESTION, " ".join([*kept, *(f"{id}{n}" for n in range(changes))]), **where)  # type: ignore[arg-type]


def ids(records: list[Record]) -> list[str]:
    return [r.id for r in records]


def test_of_exact_duplicates_the_first_by_seed_and_round_stays() -> None:
    records = [
        record("c", QUESTION, "x", seed_id="s2"),
        record("b", QUESTION, "x", seed_id="s1", round=1),
        record("a", QUESTION, "x", seed_id="s1", round=2),
    ]
    kept, rejected, _ = drop_exact(records)
    assert ids(kept) == ["b"]
    assert [(r.id, r.rule, r.detail) for r in rejected] == [
        ("a", "exact_duplicate", "of b"),
        ("c", "exact_duplicate", "of b"),
    ]


def test_white_space_makes_no_difference() -> None:
    records = [record("a", "Do  this:\n now", "x = 1"), record("b", "Do this: now", "x  =  1\n")]
    assert ids(drop_exact(records).kept) == ["a"]


def test_the_input_belongs_to_the_question() -> None:
    records = [record("a", "Add", input="1 2"), record("b", "Add", input="3 4")]
    assert ids(drop_exact(records).kept) == ["a", "b"]


def test_what_moves_between_question_and_response_is_no_duplicate() -> None:
    assert len(drop_exact([record("a", "x y", "z"), record("b", "x", "y z")]).kept) == 2


def test_a_near_duplicate_of_another_lineage_goes_and_says_of_what() -> None:
    kept, rejected, near = drop([similar("b", 10), similar("a", 0)])
    assert ids(kept) == ["a"]
    assert [(r.id, r.rule, r.detail) for r in rejected] == [
        ("b", "near_duplicate", "of a, Jaccard 0.908")
    ]
    assert near == {Relation.UNRELATED: 1}


def test_near_duplicates_of_one_lineage_stay_and_are_counted() -> None:
    seed = similar("s", 0)
    child = similar("s#1", 5, seed_id="s", round=1, parent_id="s")
    other = similar("s#2", 6, seed_id="s", round=2, parent_id="elsewhere")
    kept, rejected, near = drop([seed, child, other])
    assert ids(kept) == ["s", "s#1", "s#2"]
    assert not rejected
    assert near == {Relation.PARENT_AND_CHILD: 1, Relation.SIBLING: 1}


def test_a_record_is_compared_with_kept_ones_only() -> None:
    a, b = similar("a", 0), similar("b", 25)
    c = record("c", QUESTION, " ".join([*b.response.split()[25:], *(f"c{n}" for n in range(25))]))
    assert ids(drop([b, c]).kept) == ["b"]
    assert ids(drop([a, b, c]).kept) == ["a", "c"]


@pytest.mark.parametrize(("jaccard", "recall"), [(0.9, 0.995), (0.8, 0.99), (0.72, 0.98)])
def test_planted_near_duplicates_go_and_nothing_else(jaccard: float, recall: float) -> None:
    random = Random(2)
    originals = [record(f"a{n:03d}", QUESTION, words(random, 90)) for n in range(200)]
    copies = [
        record(f"b{n:03d}", QUESTION, near(r.response, jaccard, random))
        for n, r in enumerate(originals)
    ]
    kept, rejected, _ = drop([*copies, *originals, *unrelated(200)])
    assert all(r.id.startswith("b") for r in rejected)
    assert len(rejected) >= recall * len(copies)
    assert len(kept) + len(rejected) == 600


def test_unrelated_records_all_stay() -> None:
    assert len(drop(unrelated(400)).kept) == 400
