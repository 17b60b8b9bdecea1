"""Two sets of verdicts whose difference is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluate.test_score import verdicts
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import InputError, UsageError
from wizardcoder.evaluate import Judged, compare, judge_file, read_judged
from wizardcoder.recipe import Evaluate


def judged(pattern: dict[str, str], name: str = "a", **more: object) -> Judged:
    benchmark, level = str(more.pop("benchmark", "tiny")), str(more.pop("level", "full"))
    conditions = {"data": "000000000000", "assembly": "completion", **more}
    found = verdicts(pattern, sandbox_level=level)
    return Judged(name, benchmark, conditions, found)  # type: ignore[arg-type]


A = {f"t/{n}": "P" if n < 5 else "w" for n in range(20)}
B = {f"t/{n}": "P" if n >= 4 and n < 15 else "w" for n in range(20)}


def test_what_flipped_is_named_and_tested_exactly() -> None:
    found = compare(judged(A), judged(B, "b"))
    assert (found.rate_a, found.rate_b) == (0.25, 0.55)
    assert found.lost == ("t/0", "t/1", "t/2", "t/3")
    assert found.won == tuple(f"t/{n}" for n in range(5, 15))
    assert found.p_value == pytest.approx(0.179565, rel=1e-5)  # binomial(14, 1/2): 2 P(X <= 4)
    assert found.difference == pytest.approx(0.3)
    assert found.interval.low < 0.3 < found.interval.high
    assert found.warnings == ()


def test_equal_verdicts_differ_by_nothing() -> None:
    found = compare(judged(A), judged(A))
    assert (found.difference, found.p_value, found.won, found.lost) == (0.0, 1.0, (), ())


def test_several_samples_have_no_exact_test() -> None:
    found = compare(judged({"t/1": "Pw", "t/2": "ww"}), judged({"t/1": "PP", "t/2": "ww"}))
    assert (found.p_value, found.won, found.difference) == (None, ("t/1",), 0.25)


@pytest.mark.parametrize(
    ("other", "warning"),
    [
        ({"data": "1" * 12}, "different data: 000000000000 and 111111111111"),
        ({"cpu_seconds": "9.0"}, "different cpu_seconds: None and 9.0"),
        ({"assembly": "solution"}, "different assembly: completion and solution"),
        ({"level": "weak"}, "different sandbox levels: full and weak"),
    ],
)
def test_what_makes_a_comparison_doubtful_is_said(other: dict[str, str], warning: str) -> None:
    assert compare(judged(A), judged(B, **other)).warnings == (warning,)


def test_problems_that_only_one_has_decided_are_left_out_and_counted() -> None:
    found = compare(judged({"t/1": "P", "t/2": "P"}), judged({"t/1": "P", "t/2": "i"}))
    assert found.problems == 1
    assert found.warnings == ("1 problems are decided in only one of the two",)


def test_different_benchmarks_are_not_compared() -> None:
    with pytest.raises(UsageError, match="a is of tiny, a is of other"):
        compare(judged(A), judged(A, benchmark="other"))


def test_no_shared_problem_is_an_error() -> None:
    with pytest.raises(UsageError, match="share no problem"):
        compare(judged({"t/1": "P"}), judged({"t/2": "P"}))


def test_what_evaluate_wrote_is_read_back(tmp_path: Path, benchmark: Benchmark) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text(
        "".join(f'{{"task_id": "t/{n}", "completion": "    return x + 1"}}\n' for n in (1, 2, 10))
    )
    judge_file(tmp_path / "verdicts", file, benchmark, Evaluate(), allow_weak=True)
    found = read_judged(tmp_path / "verdicts")
    assert (found.benchmark, found.conditions["data"]) == ("tiny", benchmark.data_sha256[:12])
    assert [v.passed for v in found.verdicts] == [False, True, False]


@pytest.mark.parametrize("name", ["file", "folder", "torn", "other", "list"])
def test_what_evaluate_did_not_write_is_refused(tmp_path: Path, name: str) -> None:
    for folder, manifest in (("folder", None), ("torn", "{"), ("other", "{}"), ("list", "[]")):
        (tmp_path / folder).mkdir()
        if manifest is not None:
            (tmp_path / folder / "manifest.json").write_text(manifest)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=name):
        read_judged(tmp_path / name)
