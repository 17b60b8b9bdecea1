"""The benchmark's problems: the reference passes, and what is nearly right fails."""

import pytest

from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.evolution import misdirection
from wizardcoder.miniature.probes import subprograms
from wizardcoder.miniature.problems import assertion_inputs, benchmark, problems
from wizardcoder.miniature.programs import execute
from wizardcoder.miniature.splits import Split, items
from wizardcoder.records import Problem

TEST = problems("test")
#: Whoever changes the miniature's language or operations changes its benchmark, and says so.
TEST_SHA256 = "a21ea1e8e27f4fd888329f5774d24b6a8a03b679511a1a53314834685b453755"
DEV_SHA256 = "009016396356c4b35446e8f36abe0e6b2d286417e436da60216f20dc3d64bc49"


def passes(problem: Problem, code: str) -> bool:
    namespace: dict[str, object] = {}
    exec(code, namespace)
    exec(problem.test, namespace)
    check, candidate = namespace["check"], namespace[problem.entry_point]
    assert callable(check)
    try:
        check(candidate)
    except (AssertionError, TypeError, AttributeError):
        return False
    return True


def test_the_canonical_solutions_pass() -> None:
    for problem in (*TEST, *problems("dev")):
        assert passes(problem, problem.prompt + problem.canonical_solution)


def test_an_empty_solution_fails() -> None:
    assert not any(passes(p, f"def {p.entry_point}(v):\n    pass\n") for p in TEST)


def test_giving_the_input_back_fails() -> None:
    assert not any(passes(p, f"def {p.entry_point}(v):\n    return v\n") for p in TEST)


def test_no_step_can_be_left_out_unnoticed() -> None:
    for item in items("test"):
        inputs = assertion_inputs(item)
        for rest in subprograms(item.steps):
            assert any(execute(rest, v) != execute(item.steps, v) for v in inputs)


def test_nearly_all_faulty_solutions_fail() -> None:
    survived = tried = 0
    for item, problem in zip(items("test"), TEST, strict=True):
        for number in range(3):
            faulty = misdirection(item.task, Draw(item.task_id, number))
            if faulty is not None and faulty.wrong is not None:
                tried += 1
                survived += passes(problem, faulty.wrong.source())
    assert tried > 1000
    assert survived <= 0.01 * tried


def test_the_tests_hold_twelve_literal_assertions_with_the_empty_input_among_them() -> None:
    for problem in TEST:
        assert problem.test.startswith("def check(candidate):\n    assert candidate(")
        assert problem.test.count("assert") == 12
    assert sum("candidate([])" in p.test or "candidate('')" in p.test for p in TEST) > 300


def test_a_prompt_ends_without_a_newline_which_the_solution_begins_with() -> None:
    for problem in TEST:
        assert not problem.prompt.endswith("\n")
        assert problem.canonical_solution.startswith("\n    ")


@pytest.mark.parametrize(
    ("split", "name", "sha256"),
    [("test", "miniature", TEST_SHA256), ("dev", "miniature-dev", DEV_SHA256)],
)
def test_a_split_stays_what_it_was_when_scores_were_published(
    split: Split, name: str, sha256: str
) -> None:
    found = benchmark(split)
    assert (found.name, found.assembly) == (name, "solution")
    assert found.data_sha256 == sha256
