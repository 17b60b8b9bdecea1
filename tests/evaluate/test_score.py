"""Scores of verdicts whose number is known."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import UsageError
from wizardcoder.evaluate import Touched, problem_scores, score
from wizardcoder.records import Outcome, Verdict


def verdicts(pattern: dict[str, str], **more: object) -> list[Verdict]:
    """`P` passed, `w` wrong answer, `i` infra error, `n` not run, a letter per sample."""
    outcomes = {
        "P": Outcome.PASSED,
        "w": Outcome.WRONG_ANSWER,
        "i": Outcome.INFRA_ERROR,
        "n": Outcome.NOT_RUN,
    }
    values = {"attested": True, "sandbox_level": "full", "reason": "", **more}
    return [
        Verdict(
            task_id=task_id,
            sample=n,
            outcome=outcomes[letter],
            cpu_seconds=0.0,
            wall_seconds=0.0,
            peak_bytes=0,
            **values,  # type: ignore[arg-type]
        )
        for task_id, letters in pattern.items()
        for n, letter in enumerate(letters)
    ]


def test_one_sample_each_gives_the_share_and_wilsons_interval(benchmark: Benchmark) -> None:
    found = score(benchmark, verdicts({"t/2": "P", "t/1": "P", "t/10": "w"}))
    assert (found.passed, found.total, found.problems) == (2, 3, 3)
    assert found.pass_at_k[1] == pytest.approx(2 / 3)
    assert found.interval[1] == pytest.approx((0.2077, 0.9385), abs=1e-4)


def test_several_samples_give_the_mean_of_unbiased_estimates(benchmark: Benchmark) -> None:
    found = score(benchmark, verdicts({"t/2": "Pw", "t/1": "PP", "t/10": "ww"}), ks=(1, 2))
    assert found.pass_at_k == pytest.approx({1: 0.5, 2: 2 / 3})
    assert found.interval[1].low < 0.5 < found.interval[1].high


def test_groups_are_scored_apart(benchmark: Benchmark) -> None:
    groups = score(benchmark, verdicts({"t/2": "P", "t/1": "w", "t/10": "w"})).groups
    assert {name: (g.passed, g.total) for name, g in groups.items()} == {
        "easy": (1, 2),
        "hard": (0, 1),
    }


def test_what_the_sandbox_failed_at_does_not_count(benchmark: Benchmark) -> None:
    found = score(benchmark, verdicts({"t/2": "P", "t/1": "i", "t/10": "w"}))
    assert (found.passed, found.total, found.problems) == (1, 2, 2)
    assert found.outcomes == {"infra_error": 1, "passed": 1, "wrong_answer": 1}


def test_a_k_beyond_the_samples_is_refused(benchmark: Benchmark) -> None:
    with pytest.raises(UsageError, match="pass@2 needs 2 samples per problem; t/1 has 1"):
        score(benchmark, verdicts({"t/1": "P"}), ks=(2,))


def test_problem_scores_are_what_arms_are_compared_by() -> None:
    assert problem_scores(verdicts({"t/2": "Pw", "t/1": "ww"})) == {"t/2": 0.5, "t/1": 0.0}


def test_the_attested_share_and_all_levels_are_shown(benchmark: Benchmark) -> None:
    mixed = [
        *verdicts({"t/2": "P"}),
        *verdicts({"t/1": "P"}, attested=False, sandbox_level="weak"),
        *verdicts({"t/10": "w"}, sandbox_level="none"),
    ]
    found = score(benchmark, mixed)
    assert found.attested == pytest.approx(2 / 3)
    assert (found.passed, found.passed_attested) == (2, 1)
    assert found.sandbox_level == "full+weak"


def test_as_json_it_has_the_fields_of_the_command_line(benchmark: Benchmark) -> None:
    found = score(benchmark, verdicts({"t/2": "P"}), completions="samples.jsonl")
    table = json.loads(json.dumps(found.as_json()))
    for name in (
        *("benchmark", "completions", "passed", "total", "pass_at_k", "interval", "outcomes"),
        *("attested", "sandbox_level", "data_sha256"),
    ):
        assert name in table
    assert table["pass_at_k"] == {"1": 1.0}


def test_nothing_judged_scores_nothing(benchmark: Benchmark) -> None:
    found = score(benchmark, [])
    assert (found.total, found.pass_at_k[1], found.sandbox_level) == (0, 0.0, "none")


def test_what_was_not_run_lowers_the_coverage_and_says_why(benchmark: Benchmark) -> None:
    missing = verdicts({"t/10": "n"}, reason="needs a network")
    found = score(benchmark, [*verdicts({"t/2": "P", "t/1": "P"}), *missing])
    assert (found.passed, found.total, found.coverage) == (2, 2, pytest.approx(2 / 3))
    assert found.not_run == {"needs a network": 1}


def test_the_original_tests_are_scored_beside_the_added_ones(benchmark: Benchmark) -> None:
    base_only = verdicts({"t/1": "w"}, base=True)
    found = score(benchmark, [*verdicts({"t/2": "P"}, base=True), *base_only])
    assert found.base is not None
    assert (found.passed, found.base.passed, found.base.total) == (1, 2, 2)


def test_without_added_tests_there_is_no_base_score(benchmark: Benchmark) -> None:
    assert score(benchmark, verdicts({"t/2": "P"})).base is None


def test_variants_are_scored_apart(benchmark: Benchmark) -> None:
    variants = ("origin", "surface", "origin")
    problems = tuple(
        replace(problem, variant=variant)
        for problem, variant in zip(benchmark.problems, variants, strict=True)
    )
    found = score(
        replace(benchmark, problems=problems), verdicts({"t/2": "P", "t/1": "w", "t/10": "P"})
    )
    assert {name: (v.passed, v.total) for name, v in found.variants.items()} == {
        "origin": (2, 2),
        "surface": (0, 1),
    }


def test_problems_that_the_training_data_touches_are_scored_without(benchmark: Benchmark) -> None:
    found = verdicts({"t/2": "P", "t/1": "P", "t/10": "w"})
    touched = Touched(data="clean", kept=("t/2",), dropped=("t/1",))
    scored = score(benchmark, found, touched=touched)
    assert (scored.passed, scored.problems) == (2, 3)
    assert scored.untouched is not None
    assert (scored.untouched.passed, scored.untouched.problems) == (1, 2)
    assert scored.untouched.interval[1] == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert json.loads(json.dumps(scored.as_json()))["touched"]["kept"] == ["t/2"]


def test_a_problem_that_nobody_looked_for_is_not_untouched(benchmark: Benchmark) -> None:
    found = verdicts({"t/2": "P", "t/1": "P", "t/10": "w"})
    scored = score(benchmark, found, touched=Touched(data="clean", unchecked=("t/10",)))
    assert scored.untouched is not None
    assert scored.untouched.pass_at_k == {1: 1.0}


def test_nothing_is_said_of_data_that_was_not_named(benchmark: Benchmark) -> None:
    scored = score(benchmark, verdicts({"t/2": "P"}))
    assert (scored.touched, scored.untouched) == (None, None)
