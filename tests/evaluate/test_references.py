"""Expected results: computed once, kept, and made again when they are damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wizardcoder import benchmarks
from wizardcoder.benchmarks import Benchmark, Examples, digest
from wizardcoder.errors import SandboxError
from wizardcoder.evaluate import canonical, evaluate, read_completions
from wizardcoder.records import Completion, Problem, Verdict
from wizardcoder.sandbox import Sandbox, casefile


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "wizardcoder" / "cases"


@pytest.fixture
def plus(benchmark: Benchmark) -> Benchmark:
    """The benchmark of three problems, judged by examples."""

    def examples(problem: Problem) -> Examples:
        return Examples(base=[[1], [2]], plus=[[3], [4.5]], atol=0.0, oracle="equal")

    return replace(benchmark, examples=examples)


def run(benchmark: Benchmark, completions: list[Completion] | None = None) -> list[Verdict]:
    wanted = canonical(benchmark) if completions is None else completions
    return evaluate(benchmark, wanted, allow_weak=True, jobs=2)


def test_canonical_solutions_pass_base_and_plus(plus: Benchmark) -> None:
    verdicts = run(plus)
    assert [(v.task_id, v.passed, v.base) for v in verdicts] == [
        ("t/2", True, True),
        ("t/1", True, True),
        ("t/10", True, True),
    ]


def test_references_run_once(plus: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    run(plus)
    kinds = []
    original = Sandbox.judge_all
    monkeypatch.setattr(
        Sandbox,
        "judge_all",
        lambda box, tasks: original(box, [kinds.append(type(t).__name__) or t for t in tasks]),
    )
    run(plus)
    assert kinds == ["Cases"] * 3


def test_only_the_problems_that_are_needed_are_prepared(plus: Benchmark, cache: Path) -> None:
    run(plus, canonical(plus)[:1])
    assert [path.name for path in cache.glob("*/*")] == ["t%2F2.cases"]


@pytest.mark.parametrize("damage", [lambda content: content[:-3], lambda _: b""])
def test_a_damaged_file_is_made_again(plus: Benchmark, cache: Path, damage: object) -> None:
    run(plus)
    file = next(cache.glob("*/t%2F1.cases"))
    content = file.read_bytes()
    file.write_bytes(damage(content))  # type: ignore[operator]
    assert all(verdict.passed for verdict in run(plus))
    assert casefile.is_whole(file)


def test_other_data_has_other_files(plus: Benchmark, cache: Path) -> None:
    run(plus)
    run(replace(plus, data_sha256=digest([])))
    assert len(list(cache.iterdir())) == 2


def test_without_a_cache_they_are_made_for_the_time_being(
    plus: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert all(verdict.passed for verdict in run(plus))


def test_a_canonical_solution_that_fails_is_an_error_that_names_the_problem(
    plus: Benchmark,
) -> None:
    broken = replace(plus.problems[0], canonical_solution="    return x // 0\n")
    with pytest.raises(SandboxError) as caught:
        run(replace(plus, problems=(broken, *plus.problems[1:])))
    assert str(caught.value).startswith(
        "tiny: the canonical solution of t/2 does not hold here (exception: base input 0, f(1): "
        "ZeroDivisionError: integer division or modulo by zero (line 2 of the program)), so"
    )


def test_what_takes_long_begins_first(plus: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "    for _ in range(3_000_000): pass\n    return x + 10\n"
    problems = (*plus.problems[:2], replace(plus.problems[2], canonical_solution=slow))
    order = []
    original = Sandbox.judge_all
    monkeypatch.setattr(
        Sandbox,
        "judge_all",
        lambda box, tasks: original(box, [order.append(t) or t for t in tasks]),
    )
    run(replace(plus, problems=problems))
    assert order[3].program == (problems[2].prompt + slow).rstrip()


@pytest.mark.real_data
@pytest.mark.slow
def test_wizardcoder_15b_gets_the_official_verdict_on_every_problem_of_humanevalplus(
    shared: Path,
) -> None:
    benchmark = benchmarks.load("humanevalplus", shared / "data")
    path = shared / "data/generations/humaneval/wizardcoder-15b-v1.0.jsonl"
    verdicts = run(benchmark, read_completions(path, benchmark).completions)
    oracle = shared / "oracle/humanevalplus_wizardcoder-15b_evalplus-head.jsonl"
    rows = map(json.loads, oracle.read_text("utf-8").splitlines())
    official = {row["task_id"]: (row["base_pass"], row["plus_pass"]) for row in rows}
    assert {v.task_id: (v.base, v.passed) for v in verdicts} == official
    assert (sum(v.base or False for v in verdicts), sum(v.passed for v in verdicts)) == (98, 88)
    assert all(v.attested for v in verdicts)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("humanevalplus", "humanevalplus/HumanEvalPlus.jsonl.gz"),
        ("mbppplus", "mbppplus/MbppPlus.jsonl.gz"),
        ("mbppplus", "mbppplus/MbppPlus-v0.1.0.jsonl.gz"),
    ],
)
def test_all_canonical_solutions_pass(shared: Path, name: str, file: str) -> None:
    benchmark = benchmarks.load(name, shared / "data/benchmarks" / file)
    verdicts = run(benchmark)
    assert [v for v in verdicts if not v.passed] == []
    assert len(verdicts) == len(benchmark.problems)
