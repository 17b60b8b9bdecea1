"""Training data: sizes, mixes, and nothing held out."""

from collections import Counter

import pytest

from wizardcoder.errors import UsageError
from wizardcoder.miniature.heldout import contamination
from wizardcoder.miniature.tasks import corpus, depth, depth_matched, more_seeds, seeds
from wizardcoder.miniature.teacher import answer
from wizardcoder.records import Record

SEEDS = seeds(400)


def depths(records: list[Record]) -> Counter[int | None]:
    return Counter(depth(record.response) for record in records)


def test_seeds_are_of_one_step_with_the_stated_share_of_two() -> None:
    assert depths(SEEDS) == {1: 340, 2: 60}
    assert depths(seeds(20, two_step_share=0.0)) == {1: 20}
    assert depths(seeds(20, two_step_share=1.0)) == {2: 20}


def test_fewer_seeds_are_the_first_of_more() -> None:
    assert seeds(50) == SEEDS[:50]


def test_another_seed_draws_others() -> None:
    assert not {r.instruction for r in seeds(50, seed=1)} & {r.instruction for r in seeds(50)}


def test_seeds_are_distinct() -> None:
    for field in ("id", "instruction", "response"):
        assert len({getattr(record, field) for record in SEEDS}) == len(SEEDS)


def test_a_seed_starts_a_lineage_and_says_where_it_comes_from() -> None:
    record = SEEDS[0]
    assert (record.seed_id, record.round, record.parent_id, record.operation) == (
        record.id,
        0,
        None,
        None,
    )
    assert (record.source, record.licence) == ("miniature", "Apache-2.0")
    assert (record.input, record.teacher, record.teacher_terms) == ("", "", "")


def test_the_response_is_what_the_teacher_would_answer() -> None:
    assert all(answer(record.instruction) == record.response for record in SEEDS)


def test_more_seeds_bring_the_responses_to_the_number_asked_for() -> None:
    more = more_seeds(SEEDS, 1000)
    assert len({record.response for record in (*SEEDS, *more)}) == 1000
    assert len({record.id for record in (*SEEDS, *more)}) == len(SEEDS) + len(more) == 1000
    assert depths(more) == {1: 510, 2: 90}


def test_no_more_seeds_are_made_than_needed() -> None:
    assert more_seeds(SEEDS, 10) == []


def test_depth_matched_tasks_have_the_depths_of_the_given_ones() -> None:
    given = seeds(30, two_step_share=0.5)
    matched = depth_matched(given)
    assert [depth(r.response) for r in matched] == [depth(r.response) for r in given]
    assert not {r.response for r in matched} & {r.response for r in given}


def test_depth_matching_something_else_is_refused_with_its_id() -> None:
    alien = Record(
        id="alien-7", seed_id="", round=0, parent_id=None, operation=None, instruction="",
        input="", response="print(1)", source="", licence="", teacher="", teacher_terms="",
    )  # fmt: skip
    with pytest.raises(UsageError, match="record alien-7: its response is not a program"):
        depth_matched([alien])


def test_a_world_that_is_used_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizardcoder.miniature.tasks.MOST_VAIN_DRAWS", 3)
    with pytest.raises(UsageError, match="no more distinct 1-step programs after"):
        seeds(20_000, two_step_share=0.0)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_beyond_all_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="expected a share from 0 to 1"):
        seeds(10, two_step_share=share)


def test_the_corpus_is_distinct_code_of_one_to_three_steps_half_of_it_commented() -> None:
    functions = corpus(600)
    counted = Counter(depth(function) for function in functions)
    assert len(set(functions)) == 600
    assert all(150 < counted[n] < 250 for n in (1, 2, 3))
    assert 240 < sum("#" in function for function in functions) < 360


def test_nothing_to_train_on_is_held_out() -> None:
    texts = [r.response for r in (*SEEDS, *more_seeds(SEEDS, 800))] + corpus(600)
    assert not [text for text in texts if contamination(text)]


@pytest.mark.parametrize(
    ("response", "steps"), [("def f(n):\n    return -n", 1), ("print(1)", None), ("", None)]
)
def test_depth_is_the_number_of_steps(response: str, steps: int | None) -> None:
    assert depth(response) == steps
