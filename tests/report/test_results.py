"""The results: what they refuse, and that they survive being written."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from wizardcoder.report import Arm, GroupScore, LineageStep, Results


def test_results_read_back_from_their_json_are_the_same(results: Results) -> None:
    assert Results.model_validate_json(results.model_dump_json()) == results


def test_lone_surrogates_and_control_characters_are_written_out_as_escapes() -> None:
    step = LineageStep(round=0, instruction="a\ud83d b\x00 c\x1b d\n\te")
    assert step.instruction == "a\\ud83d b\\x00 c\\x1b d\n\te"
    json.loads(step.model_dump_json())


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown"):
        Arm.model_validate({"name": "seed", "kind": "seed", "unknown": 1})


def test_a_rate_in_percent_is_refused() -> None:
    with pytest.raises(ValidationError, match="rate"):
        GroupScore(benchmark="b", passed=18, total=100, rate=18.0, low=0.1, high=0.3)


def test_a_loss_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        Arm(name="seed", kind="seed", loss_curve=((1, float("nan")),))


def test_two_arms_of_the_same_name_are_refused(results: Results) -> None:
    with pytest.raises(ValidationError, match="same name"):
        Results(**{**dict(results), "arms": (results.arms[0], results.arms[0])})


def test_a_comparison_of_an_arm_that_has_no_score_there_is_refused(results: Results) -> None:
    comparison = results.comparisons[0].model_copy(update={"arm_b": "nobody"})
    with pytest.raises(ValidationError, match="needs a score of arm 'nobody'"):
        Results(**{**dict(results), "comparisons": (comparison,)})


def test_groups_come_in_the_order_given_and_unnamed_ones_last(results: Results) -> None:
    score = GroupScore(benchmark="humaneval", passed=1, total=2, rate=0.5, low=0.1, high=0.9)
    arm = Arm(name="extra", kind="control", scores=(score,))
    more = Results(**{**dict(results), "arms": (arm, *results.arms)})
    assert [g.label for g in more.scored_groups()] == [
        "1-step tasks",
        "2-step tasks",
        "3-step tasks",
        "humaneval",
    ]
