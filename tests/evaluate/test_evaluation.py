"""Verdicts of completions, made and real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizardcoder import benchmarks
from wizardcoder.benchmarks import Benchmark
from wizardcoder.evaluate import canonical, evaluate, read_completions
from wizardcoder.records import Completion, Outcome, Verdict
from wizardcoder.sandbox import Judgement, Sandbox


def complete(number: int, code: str, sample: int = 0) -> Completion:
    return Completion(task_id=f"t/{number}", sample=sample, text=code, code=code)


def run(benchmark: Benchmark, completions: list[Completion]) -> list[Verdict]:
    return evaluate(benchmark, completions, allow_weak=True, jobs=2)


def test_canonical_solutions_pass_in_the_order_of_the_problems(benchmark: Benchmark) -> None:
    verdicts = run(benchmark, canonical(benchmark)[::-1])
    assert [(v.task_id, str(v.outcome)) for v in verdicts] == [
        ("t/2", "passed"),
        ("t/1", "passed"),
        ("t/10", "passed"),
    ]


def test_empty_code_is_no_code_and_needs_no_sandbox(benchmark: Benchmark) -> None:
    (verdict,) = run(benchmark, [complete(1, " \n")])
    assert (verdict.outcome, verdict.sandbox_level) == (Outcome.NO_CODE, "none")


def test_a_completion_may_be_scored_as_a_solution(benchmark: Benchmark) -> None:
    code = "def f(x): return x + 1"
    (verdict,) = evaluate(benchmark, [complete(1, code)], assembly="solution", allow_weak=True)
    assert verdict.passed


def test_equal_programs_of_a_problem_run_once(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    original = Sandbox.judge_all
    monkeypatch.setattr(
        Sandbox,
        "judge_all",
        lambda box, tasks: original(box, [given.append(t) or t for t in tasks]),
    )
    codes = ["    return x + 1", "    return 0", "    return x + 1"]
    verdicts = run(benchmark, [complete(1, code, n) for n, code in enumerate(codes)])
    assert [v.passed for v in verdicts] == [True, False, True]
    assert len(given) == 2


def test_verdicts_that_stand_are_not_judged_again(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(benchmark, canonical(benchmark))
    monkeypatch.setattr(Sandbox, "__enter__", lambda box: pytest.fail("judged again"))
    assert evaluate(benchmark, canonical(benchmark), done=done) == done


def test_every_new_verdict_is_announced_as_it_falls(benchmark: Benchmark) -> None:
    seen: list[Verdict] = []
    verdicts = evaluate(benchmark, canonical(benchmark), allow_weak=True, on_verdict=seen.append)
    assert sorted(seen, key=verdicts.index) == verdicts


def test_a_verdict_carries_the_judgement(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    judgement = Judgement(outcome=Outcome.MEMORY, reason="why", level="full", peak_bytes=7)
    monkeypatch.setattr(Sandbox, "judge_all", lambda box, tasks: [(0, judgement)])
    (verdict,) = evaluate(benchmark, [complete(1, "x")], allow_weak=True)
    assert (verdict.outcome, verdict.reason, verdict.peak_bytes) == (Outcome.MEMORY, "why", 7)


@pytest.fixture(scope="module")
def humaneval(shared: Path) -> Benchmark:
    return benchmarks.load("humaneval", shared / "data")


@pytest.mark.real_data
def test_all_canonical_solutions_of_humaneval_pass(humaneval: Benchmark) -> None:
    assert all(verdict.passed for verdict in run(humaneval, canonical(humaneval)))


@pytest.mark.real_data
def test_wizardcoder_15b_gets_the_official_verdict_on_every_problem(
    humaneval: Benchmark, shared: Path
) -> None:
    path = shared / "data/generations/humaneval/wizardcoder-15b-v1.0.jsonl"
    verdicts = run(humaneval, read_completions(path, humaneval).completions)
    lines = (shared / "oracle/humaneval_wizardcoder-15b.jsonl").read_text("utf-8").splitlines()
    official = {row["task_id"]: row["passed"] for row in map(json.loads, lines)}
    assert {v.task_id: v.passed for v in verdicts} == official
    assert sum(v.passed for v in verdicts) == 98
    # its answer to 32 has a `poly` of its own: the test has to run beside it
    assert [v.task_id for v in verdicts if not v.attested] == ["HumanEval/32"]


@pytest.mark.real_data
def test_evol_replit_passes_51(humaneval: Benchmark, shared: Path) -> None:
    path = shared / "data/generations/humaneval/evol-replit-v1.jsonl"
    verdicts = run(humaneval, read_completions(path, humaneval).completions)
    assert sum(v.passed for v in verdicts) == 51


@pytest.mark.real_data
def test_no_empty_completion_passes(humaneval: Benchmark) -> None:
    empty = [Completion(task_id=p.task_id, sample=0, text="", code="") for p in humaneval.problems]
    verdicts = run(humaneval, empty)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.NO_CODE}
