"""A stage's attempts lie on disk; what is in memory of them is what each came to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.evolve.worlds import FakeTransport, moody, plan, run, seed
from wizardcoder.evolve.attempts import PATIENCE, Attempts
from wizardcoder.evolve.lineage import Attempt
from wizardcoder.storage import Identity, Stage, open_stage

TEXT = "Write a program 🙂.\n" * 50


def attempt(number: int, round: int, rule: str = "", text: str = TEXT) -> Attempt:
    made = seed(number, text)
    made = replace(made, round=round, id=f"s/{number:06d}#{round}", response=text, system=text)
    return replace(Attempt.of(made), rule=rule, operation="replace", teacher="m")


def opened(path: Path) -> Stage:
    return open_stage(path / "evolved", Identity("evolve", {}))


FIRST, SECOND, OTHER = attempt(2, 1), attempt(2, 2, "refusal"), attempt(1, 1)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    with opened(tmp_path) as stage:
        attempts = Attempts(stage)
        for each in (FIRST, OTHER, SECOND):
            attempts.add(each)
    return tmp_path


def test_a_lineage_comes_back_whole_also_in_a_later_execution(kept: Path) -> None:
    with opened(kept) as stage:
        attempts = Attempts(stage)
        assert attempts.of("s/000002") == [FIRST, SECOND]
        assert attempts.of("s/000009") == []


def test_accepted_and_rejected_come_by_lineage_and_round(kept: Path) -> None:
    with opened(kept) as stage:
        attempts = Attempts(stage)
        assert list(attempts.whole(accepted=True)) == [OTHER, FIRST]
        assert list(attempts.whole(accepted=False)) == [SECOND]


def test_no_text_stays_in_memory(kept: Path) -> None:
    with opened(kept) as stage:
        for outline in Attempts(stage).outlines():
            assert (outline.instruction, outline.response, outline.system) == ("", "", "")
            assert (outline.operation, outline.teacher) == ("replace", "m")


def test_a_round_that_was_tried_again_replaces_what_followed_it(kept: Path) -> None:
    again = attempt(2, 1, text="otherwise")
    with opened(kept) as stage:
        attempts = Attempts(stage)
        attempts.add(again)
        assert attempts.of("s/000002") == [again]


@pytest.mark.parametrize(("times", "left"), [(1, []), (PATIENCE - 1, []), (PATIENCE, [1])])
def test_a_lineage_ends_before_a_failure_until_it_failed_often_enough(
    tmp_path: Path, times: int, left: list[int]
) -> None:
    for _ in range(times):
        with opened(tmp_path) as stage:
            Attempts(stage).add(attempt(1, 1, "teacher_failed"))
    with opened(tmp_path) as stage:
        attempts = Attempts(stage)
        assert [each.round for each in attempts.of("s/000001")] == left
        assert attempts.to_try_again() == []


def test_a_finished_folder_is_taken_over_once(tmp_path: Path) -> None:
    run(tmp_path, [seed(number) for number in range(30)], FakeTransport(moody), 2, wanted=plan(2))
    later, sizes = tmp_path / "later", []
    for _ in range(2):
        with open_stage(later, Identity("evolve", {})) as stage:
            attempts = Attempts(stage, tmp_path / "evolved")
            assert len(attempts.outlines()) == 60
            sizes.append((later.with_name("later.partial") / "attempts.jsonl").stat().st_size)
    assert sizes[0] == sizes[1]
