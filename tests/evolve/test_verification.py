"""Which answers count as verified, and that nothing empty, hostile or unlucky does."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.evolve.worlds import Said, Script, down
from wizardcoder import prompts, recipe
from wizardcoder.errors import TeacherError, TeacherRefusedError
from wizardcoder.evolve import Trial, Verification, Verify
from wizardcoder.evolve.verification import Run, Status, empty_solution
from wizardcoder.pipeline.trials import Trials
from wizardcoder.records import Outcome

QUESTION = "Write add(a, b)."
PROMPT = f"{QUESTION} In Python."  # an answer may have been asked for with more than the question
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
TESTS = "```python\nassert add(1, 2) == 3\nassert add(2, 2) == 4\n```"
WRONG_TESTS = "```python\nassert add(1, 2) == 12\n```"


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with Trials(recipe.Recipe(evolve={"verify": {"cpu_seconds": 1.0}}), jobs=1) as run:
        yield run


def verify(
    run: Run,
    answers: Sequence[str | Said | Exception],
    tests: Sequence[str | Said | Exception],
    asked: Counter[str] | None = None,
    tries: int = 3,
) -> tuple[Verification, list[tuple[str, int]]]:
    """What is found, and what was asked: the n-th sample is the n-th of the texts given."""
    before = asked or Counter[str]()

    def reply(prompt: str, sample: int) -> str | Said | Exception:
        texts = {PROMPT: answers, prompts.tests(QUESTION): tests}[prompt]
        return texts[sample - before[prompt]]

    ask = Script(reply)
    found = asyncio.run(Verify(run, tries)(QUESTION, PROMPT, str(answers[0]), ask, before))
    return found, ask.asked


def outcome(found: Verification) -> tuple[str, int, str]:
    return found.status, found.tries, found.response


def test_a_right_answer_is_verified_at_the_first_try(run: Run) -> None:
    found, asked = verify(run, [RIGHT], [TESTS])
    assert outcome(found) == ("verified", 1, RIGHT)
    assert found.attested
    assert asked == [(prompts.tests(QUESTION), 0)]


def test_whoever_writes_the_tests_sees_the_question_and_never_the_answer(run: Run) -> None:
    _, asked = verify(run, [RIGHT], [TESTS])
    assert "return" not in asked[0][0]
    assert asked[0][0].endswith(QUESTION)


def test_a_wrong_answer_is_written_anew_with_its_tests(run: Run) -> None:
    found, asked = verify(run, [WRONG, WRONG, RIGHT], [TESTS, TESTS, TESTS])
    assert outcome(found) == ("verified", 3, RIGHT)
    tests = prompts.tests(QUESTION)
    assert asked == [(tests, 0), (PROMPT, 1), (tests, 1), (PROMPT, 2), (tests, 2)]


def test_wrong_tests_do_not_lose_a_right_answer(run: Run) -> None:
    found, _ = verify(run, [RIGHT, RIGHT], [WRONG_TESTS, TESTS])
    assert outcome(found) == ("verified", 2, RIGHT)


def test_what_never_passes_has_failed_and_keeps_its_first_answer(run: Run) -> None:
    other = WRONG.replace("-", "*")
    found, _ = verify(run, [WRONG, other, other], [TESTS, TESTS, TESTS])
    assert outcome(found) == ("failed", 3, WRONG)
    assert "assert add(1, 2) == 3" in found.detail


def test_a_request_that_was_made_before_is_a_new_sample(run: Run) -> None:
    asked = Counter({PROMPT: 2, prompts.tests(QUESTION): 1})
    _, then = verify(run, [WRONG, RIGHT], [TESTS, TESTS], asked)
    tests = prompts.tests(QUESTION)
    assert then == [(tests, 1), (PROMPT, 3), (tests, 2)]


NOTHING_TO_TEST = {
    "another language": "```java\nint add(int a, int b) { return a + b; }\n```",
    "words": "Addition is commutative, as Peano showed.",
    "no names": "```python\nprint(1 + 2)\n```",
    "only imports": "```python\nimport math\n```",
    "nothing": "```python\n```",
}


@pytest.mark.parametrize("answer", NOTHING_TO_TEST.values(), ids=NOTHING_TO_TEST)
def test_an_answer_that_defines_no_python_costs_no_tests(run: Run, answer: str) -> None:
    found, asked = verify(run, [answer], [])
    assert outcome(found) == ("not_testable", 1, answer)
    assert asked == []


@pytest.mark.parametrize("says", ["NOT TESTABLE", "**NOT TESTABLE**", "`NOT TESTABLE`: it draws."])
def test_whoever_writes_tests_may_say_that_there_is_nothing_to_test(run: Run, says: str) -> None:
    assert outcome(verify(run, [RIGHT], [says])[0]) == ("not_testable", 1, RIGHT)


def test_not_testable_does_not_excuse_an_answer_that_has_failed(run: Run) -> None:
    found, _ = verify(run, [WRONG, WRONG], [TESTS, "NOT TESTABLE"])
    assert outcome(found) == ("failed", 2, WRONG)


EMPTY_TESTS = {
    "never called": "def test(add):\n    assert add(1, 2) == 4",
    "no asserts": "add(1, 2)",
    "caught": "try:\n    assert add(1, 2) == 4\nexcept Exception:\n    pass",
    "defined anew": "def add(a, b):\n    return 3\nassert add(1, 2) == 3",
    "always true": "assert True",
    "of nothing": "assert add(1, 2) is not False",
    "of a type": "assert callable(add)",
    "guarded": "if False:\n    assert add(1, 2) == 4",
    "of a pair": "assert (add(1, 2) == 4, 'three')",
}


@pytest.mark.filterwarnings("ignore:assertion is always true:SyntaxWarning")
@pytest.mark.parametrize("tests", EMPTY_TESTS.values(), ids=EMPTY_TESTS)
def test_tests_that_an_empty_solution_passes_verify_nothing(run: Run, tests: str) -> None:
    found, _ = verify(run, [WRONG] * 3, [f"```python\n{tests}\n```"] * 3)
    assert found.status == Status.NOT_TESTABLE
    assert "does nothing" in found.detail
    assert found.tries == 3


USELESS_TESTS = {
    "cut": Said(TESTS, "length"),
    "no python": Said("I would test some sums."),
    "broken": Said("```python\nassert add(1, 2 == 3\n```"),
    "half a pair": Said("```python\nassert add('\ud800', '') == 3\n```"),
    "nothing": Said(""),
}


@pytest.mark.parametrize("tests", USELESS_TESTS.values(), ids=USELESS_TESTS)
def test_tests_that_are_no_python_are_written_anew(run: Run, tests: Said) -> None:
    assert verify(run, [RIGHT, RIGHT], [tests, TESTS])[0].status == Status.VERIFIED
    assert verify(run, [RIGHT] * 3, [tests] * 3)[0].status == Status.NOT_TESTABLE


BAD_ANSWERS = {
    "a refusal": Said("I'm sorry, no."),
    "cut": Said(RIGHT, "length"),
    "half a pair": Said(f"{RIGHT} \ud800"),
    "no whole Python": Said("```python\ndef add(a, b:\n```"),
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_written_anew_must_be_fit_to_be_data(run: Run, answer: Said) -> None:
    found, _ = verify(run, [WRONG, answer, RIGHT], [TESTS, TESTS, TESTS])
    assert outcome(found) == ("verified", 3, RIGHT)
    found, _ = verify(run, [WRONG, answer], [TESTS, TESTS], tries=2)
    assert outcome(found) == ("failed", 2, WRONG)


def test_an_answer_that_equals_everything_is_not_verified(run: Run) -> None:
    liar = "class add:\n    def __init__(s, *a): pass\n    def __eq__(s, o): return True"
    assert verify(run, [f"```python\n{liar}\n```"] * 3, [TESTS] * 3)[0].status == Status.FAILED


def test_what_a_time_limit_decided_is_marked(run: Run) -> None:
    endless = "```python\ndef add(a, b):\n    while True: pass\n```"
    found, _ = verify(run, [endless], [TESTS], tries=1)
    assert (found.status, found.time_limited) == ("failed", True)
    assert found.detail.startswith("timeout")


def test_a_teacher_that_refuses_a_request_loses_the_tests_and_not_the_answer(run: Run) -> None:
    refused = TeacherRefusedError("HTTP 400: too long")
    found, _ = verify(run, [RIGHT], [refused])
    assert outcome(found) == ("not_testable", 1, RIGHT)
    found, _ = verify(run, [WRONG, refused, RIGHT], [TESTS, TESTS, TESTS])
    assert outcome(found) == ("verified", 3, RIGHT)


def test_a_failing_teacher_is_no_verdict(run: Run) -> None:
    with pytest.raises(TeacherError):
        verify(run, [RIGHT], [down()])


@pytest.mark.real_data
def test_real_solutions_pass_their_own_tests_and_fail_those_of_others(
    run: Run, shared: Path
) -> None:
    lines = (shared / "data" / "benchmarks" / "mbpp" / "mbpp.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines[::10]]
    answers = [f"```python\n{row['code']}\n```" for row in rows]
    tests = ["\n".join([row["test_setup_code"], *row["test_list"]]) for row in rows]
    for shift, status in ((0, Status.VERIFIED), (1, Status.FAILED)):
        for number, answer in enumerate(answers):
            asserts = f"```python\n{tests[(number + shift) % len(tests)]}\n```"
            assert verify(run, [answer], [asserts], tries=1)[0].status == status


def scripted(*outcomes: Outcome) -> tuple[Run, list[tuple[str, str]]]:
    """A run that gives these outcomes, and what it was given."""
    given: list[tuple[str, str]] = []
    following = iter(outcomes)

    async def run(program: str, tests: str) -> Trial:
        given.append((program, tests))
        return Trial(next(following), "a reason")

    return run, given


def test_the_sandbox_s_own_failure_is_neither_for_nor_against() -> None:
    run, _ = scripted(Outcome.INFRA_ERROR)
    assert verify(run, [RIGHT], [TESTS], tries=1)[0].status == Status.UNDECIDED
    run, _ = scripted(Outcome.INFRA_ERROR, Outcome.PASSED, Outcome.WRONG_ANSWER)
    assert verify(run, [RIGHT] * 2, [TESTS] * 2, tries=2)[0].status == Status.VERIFIED
    run, _ = scripted(Outcome.PASSED, Outcome.INFRA_ERROR)
    assert verify(run, [RIGHT], [TESTS], tries=1)[0].status == Status.UNDECIDED


def test_the_empty_solution_is_tried_only_where_the_answer_passed() -> None:
    run, given = scripted(Outcome.WRONG_ANSWER)
    verify(run, [RIGHT], [TESTS], tries=1)
    assert len(given) == 1
    run, given = scripted(Outcome.PASSED, Outcome.WRONG_ANSWER)
    verify(run, [RIGHT], [TESTS], tries=1)
    assert [tests for _, tests in given] == [given[0][1]] * 2
    assert given[1][0] == "def add(*args, **kwargs): pass"


def test_failed_answers_are_kept_unless_told() -> None:
    failed = Verification("x", Status.FAILED, 3, "why")
    run, _ = scripted()
    assert Verify(run).fault(failed) is None
    assert Verify(run, keep_failed=False).fault(failed) == ("failed_tests", "why")
    for status in set(Status) - {Status.FAILED}:
        assert Verify(run, keep_failed=False).fault(failed._replace(status=status)) is None


def test_a_name_that_begins_like_an_import_is_none() -> None:
    assert empty_solution("from_celsius = lambda c: 1.8 * c + 32") == "from_celsius = None"


def test_an_empty_solution_has_the_names_of_the_program_and_does_nothing() -> None:
    program = (
        "import math as m\nfrom re import sub\nN: int = 3\na = b = print('loud')\n"
        "async def wait(): ...\nclass Box(dict):\n    size = 3\nif True: hidden = 1"
    )
    names: dict[str, object] = {}
    exec(empty_solution(program), names)
    assert {"m", "sub", "N", "a", "b", "wait", "Box"} <= names.keys()
    assert names["N"] is None
    assert names["Box"](3).put(4) is None  # type: ignore[operator]
