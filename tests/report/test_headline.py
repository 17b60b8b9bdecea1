"""The sentences at the top: right whichever way the numbers fall."""

from __future__ import annotations

import pytest

from wizardcoder.report import (
    Arm,
    Cleaning,
    Comparison,
    Contamination,
    Evolution,
    Group,
    GroupScore,
    Results,
)
from wizardcoder.report.headline import explanation, headline, other_outcomes

GROUPS = (
    Group(benchmark="b", name="2", label="2-step tasks"),
    Group(benchmark="b", name="3", label="3-step tasks", note="never seen in training"),
)


def run(**parts: object) -> Results:
    known = {
        "run": "r",
        "title": "t",
        "created": "2026",
        "wizardcoder_version": "0",
        "recipe_toml": "",
        "seed": 0,
        "sandbox_level": "full",
        "not_shown": "n",
    }
    return Results.model_validate({**known, **parts})


def arm(name: str, **rates: float) -> Arm:
    scores = (
        GroupScore(
            benchmark="b", group=group[1:], passed=int(200 * r), total=200, rate=r, low=r, high=r
        )
        for group, r in rates.items()
    )
    return Arm(name=name, kind="round", scores=tuple(scores))


def comparison(a: str, b: str, difference: float, *, group: str = "3") -> Comparison:
    return Comparison(
        arm_a=a,
        arm_b=b,
        benchmark="b",
        group=group,
        difference=difference,
        interval_low=difference - 0.05,
        interval_high=difference + 0.05,
    )


ARMS = (arm("round-3", g2=0.6, g3=0.18), arm("more", g2=0.75, g3=0.01), arm("seed", g2=0.61, g3=0))
WIN = comparison("round-3", "more", 0.17)
LOSS = comparison("round-3", "more", -0.15, group="2")
TIE = comparison("round-3", "seed", -0.01, group="2")


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (WIN, "round-3 beats more on 3-step tasks: 18\u202f% against 1\u202f%"),
        (LOSS, "round-3 loses to more on 2-step tasks: 60\u202f% against 75\u202f%"),
        (TIE, "round-3 and seed cannot be told apart on 2-step tasks: 60\u202f% and 61\u202f%"),
    ],
    ids=["win", "loss", "tie"],
)
def test_the_headline_says_who_beats_whom(claim: Comparison, said: str) -> None:
    assert headline(run(arms=ARMS, groups=GROUPS, comparisons=(claim,))) == said


def test_the_explanation_holds_both_rates_the_difference_and_all_intervals() -> None:
    assert explanation(run(arms=ARMS, groups=GROUPS, comparisons=(WIN,))) == (
        "On 3-step tasks, never seen in training, round-3 solves 18\u202f% [18, 18] and more "
        "1\u202f% [1, 1]: a difference of +17 points [+12, +22]. "
        "Brackets hold 95\u202f% intervals."
    )


def test_what_beats_the_claimed_arm_elsewhere_is_said() -> None:
    assert other_outcomes(run(arms=ARMS, groups=GROUPS, comparisons=(WIN, LOSS, TIE))) == (
        "In the other comparisons, round-3 is beaten by more on 2-step tasks "
        "(60\u202f% against 75\u202f%)."
    )


def test_what_the_claimed_arm_beats_elsewhere_is_said_when_the_claim_is_lost() -> None:
    assert other_outcomes(run(arms=ARMS, groups=GROUPS, comparisons=(LOSS, WIN, TIE))) == (
        "In the other comparisons, round-3 beats more on 3-step tasks (18\u202f% against 1\u202f%)."
    )


def test_a_comparison_the_other_way_round_is_understood() -> None:
    turned = comparison("more", "round-3", 0.15, group="2")
    assert "is beaten by more on 2-step tasks (60\u202f% against 75\u202f%)" in other_outcomes(
        run(arms=ARMS, groups=GROUPS, comparisons=(WIN, turned))
    )


def test_one_scored_model_gets_its_score_with_its_counts() -> None:
    score = GroupScore(
        benchmark="humaneval", passed=98, total=164, rate=98 / 164, low=0.5211, high=0.6695
    )
    only = run(
        arms=(Arm(name="wizard", kind="base", scores=(score,)),),
        groups=(Group(benchmark="humaneval", name="", label="HumanEval"),),
    )
    assert headline(only) == "wizard solves 60\u202f% of HumanEval"
    assert explanation(only) == (
        "On HumanEval, wizard passes 98 of 164: 59.8\u202f% [52.1, 67.0]. "
        "Brackets hold 95\u202f% intervals."
    )


def test_arms_without_a_comparison_are_given_as_a_range() -> None:
    assert headline(run(arms=ARMS, groups=GROUPS)) == (
        "pass@1 on 3-step tasks goes from 0\u202f% (seed) to 18\u202f% (round-3)"
    )


def test_a_run_that_only_evolved_says_how_many_attempts_were_accepted() -> None:
    evolution = Evolution(seeds=300, attempts=600, accepted=540, rejected=60)
    assert headline(run(evolution=evolution)) == (
        "540 of 600 attempts to evolve an instruction were accepted"
    )


def test_a_run_without_results_says_so() -> None:
    assert headline(run()) == "This run scored no model"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "9 of 12 records are left after cleaning"),
        (
            Contamination(benchmarks=("b",)),
            "9 of 12 records are left after cleaning; none held anything of a benchmark",
        ),
        (
            Contamination(benchmarks=("b",), hits=4, records=3, records_kept=1),
            "9 of 12 records are left after cleaning; 3 held something of a benchmark",
        ),
    ],
)
def test_data_alone_is_told_by_what_is_left_of_it(found: Contamination | None, said: str) -> None:
    assert headline(run(cleaning=Cleaning(kept=9, rejected=3, contamination=found))) == said
