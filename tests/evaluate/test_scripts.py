"""Judging benchmarks whose programs hold their own test: DS-1000."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import planted_ds1000 as planted
from wizardcoder.benchmarks import ds1000, environment
from wizardcoder.benchmarks.ds1000 import DS1000, INSTALL
from wizardcoder.errors import UsageError
from wizardcoder.evaluate import canonical, evaluate, read_completions, score
from wizardcoder.evaluate.evaluation import NO_SANDBOX
from wizardcoder.records import Completion, Outcome, Verdict


@pytest.fixture
def benchmark(tmp_path: Path) -> DS1000:
    """Two problems that can run, and one whose library is missing."""
    context = planted.CONTEXT.replace("x = 2", "import torch")
    rows = planted.row(0), planted.row(1), planted.row(2, code_context=context)
    loaded = ds1000.load(planted.write(tmp_path, *rows))
    found = planted.environment(tmp_path / "environment", without=("torch",))
    return replace(loaded, environment=found)


def answer(number: int, code: str) -> Completion:
    return Completion(task_id=f"DS-1000/{number}", sample=0, text=code, code=code)


def judge(benchmark: DS1000, *completions: Completion) -> list[Verdict]:
    return evaluate(benchmark, completions, jobs=1)


def test_answers_are_judged_by_the_test_in_their_program(benchmark: DS1000) -> None:
    right, wrong = judge(benchmark, answer(0, "y = x + x"), answer(1, "y = x"))
    assert right.outcome is Outcome.PASSED
    assert wrong.outcome is Outcome.WRONG_ANSWER
    assert wrong.reason == "y is wrong"
    assert not right.attested and not wrong.attested


def test_a_problem_that_cannot_run_is_not_failed(benchmark: DS1000) -> None:
    verdicts = judge(benchmark, answer(0, "y = 4"), answer(2, "y = 4"))
    assert verdicts[1].outcome is Outcome.NOT_RUN
    assert verdicts[1].reason == "torch is not installed"
    assert (verdicts[1].attested, verdicts[1].sandbox_level) == (False, NO_SANDBOX)
    found = score(benchmark, verdicts)
    assert (found.passed, found.total, found.pass_at_k[1]) == (1, 1, 1.0)
    assert found.coverage == pytest.approx(1 / 3)


def test_not_even_an_empty_answer_fails_a_problem_that_cannot_run(benchmark: DS1000) -> None:
    (verdict,) = judge(benchmark, answer(2, ""))
    assert verdict.outcome is Outcome.NOT_RUN


def test_an_answer_that_imports_what_only_it_needs_fails(benchmark: DS1000) -> None:
    (verdict,) = judge(benchmark, answer(0, "import torch\ny = 4"))
    assert verdict.outcome is Outcome.EXCEPTION
    assert verdict.reason.startswith("ModuleNotFoundError: No module named 'torch'")


def test_an_empty_answer_is_no_code(benchmark: DS1000) -> None:
    (verdict,) = judge(benchmark, answer(0, " \n"))
    assert verdict.outcome is Outcome.NO_CODE


def test_the_score_is_told_by_library(benchmark: DS1000) -> None:
    found = score(benchmark, judge(benchmark, answer(0, "y = 4"), answer(1, "y = 5")))
    assert {name: group.passed for name, group in found.groups.items()} == {"Numpy": 0, "Pandas": 1}


def test_an_answer_file_of_the_authors_is_cleaned_and_judged(
    benchmark: DS1000, tmp_path: Path
) -> None:
    answers = [{"code": f"<code>y = {n}</code>", "metadata": {"problem_id": n}} for n in (0, 1)]
    found = read_completions(planted.write(tmp_path, *answers), benchmark, partial=True)
    assert found.assembly == "completion"
    assert [completion.code for completion in found.completions] == ["y = 0", "y = 1"]
    assert [completion.text for completion in found.completions] == [a["code"] for a in answers]


def test_without_an_environment_nothing_is_judged(benchmark: DS1000) -> None:
    with pytest.raises(UsageError, match=INSTALL):
        judge(replace(benchmark, environment=None), answer(0, "y = 4"))


@pytest.fixture
def installed(shared: Path) -> DS1000:
    """The real benchmark on the real environment, which `make test-all` does not install."""
    if environment.find() is None:
        pytest.skip(f"needs the libraries of DS-1000: {INSTALL}")
    return ds1000.load(shared / "data")


@pytest.mark.slow
def test_all_reference_code_that_can_run_passes(installed: DS1000) -> None:
    verdicts = evaluate(installed, canonical(installed))
    failed = [v for v in verdicts if v.outcome not in {Outcome.PASSED, Outcome.NOT_RUN}]
    assert [(v.task_id, v.reason) for v in failed] == []
    lacking = [task_id for task_ids in installed.unable().values() for task_id in task_ids]
    assert sorted(v.task_id for v in verdicts if not v.passed) == sorted(lacking)


@pytest.mark.slow
def test_codex002_scores_what_was_published(installed: DS1000, shared: Path) -> None:
    """Within one problem per library; of what cannot run, any number may have passed."""
    path = shared / "data" / "generations" / "ds1000" / "codex002-answers.jsonl.gz"
    verdicts = evaluate(installed, read_completions(path, installed).completions)
    passed, open_ends = (
        Counter(installed.by_id[v.task_id].group for v in verdicts if v.outcome is outcome)
        for outcome in (Outcome.PASSED, Outcome.NOT_RUN)
    )
    for library, (count, share) in PUBLISHED.items():
        published = round(count * share)
        assert passed[library] - 1 <= published <= passed[library] + open_ends[library] + 1, library


#: Problems and pass@1 by library, as in the authors' codex002-result.txt.
PUBLISHED = {
    "Matplotlib": (155, 0.548),
    "Numpy": (220, 0.432),
    "Pandas": (291, 0.265),
    "Pytorch": (68, 0.397),
    "Scipy": (106, 0.349),
    "Sklearn": (115, 0.435),
    "Tensorflow": (45, 0.378),
}
