"""The teacher behind the protocol: it sees the prompts of any teacher and nothing else."""

import subprocess
import sys
import time
from typing import Any

import pytest

from wizardcoder import prompts
from wizardcoder.miniature.compositions import draw_program
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.language import new_task, render
from wizardcoder.miniature.reading import read
from wizardcoder.miniature.teacher import APOLOGY, respond

SORT = "Write a function solve(xs) that sorts the list."
OPERATIONS = [*prompts.CODE_EVOLVE_METHODS, "paraphrase"]


def ask(message: str, **options: Any) -> dict[str, Any]:
    return respond({"model": "m", "messages": [{"role": "user", "content": message}], **options})


def text_of(response: dict[str, Any]) -> str:
    return str(response["choices"][0]["message"]["content"])


def questions(count: int) -> list[str]:
    return [
        render(new_task(draw_program(1 + i % 3, Draw("questions", i)), Draw(i)))
        for i in range(count)
    ]


def test_an_instruction_is_answered_with_bare_code() -> None:
    assert text_of(ask(SORT)) == "def solve(xs):\n    return sorted(xs)"


def test_a_complexity_demand_changes_the_solution() -> None:
    question = "Write a function solve(xs) that squares each number and adds everything up."
    demand = " It must work on a stream, without building any intermediate list."
    assert text_of(ask(question)) == (
        "def solve(xs):\n    xs = [x * x for x in xs]\n    return sum(xs)"
    )
    assert text_of(ask(question + demand)) == (
        "def solve(xs):\n    xs = (x * x for x in xs)\n    return sum(xs)"
    )


def test_a_system_message_does_not_matter() -> None:
    system = {"role": "system", "content": "You are a helpful assistant."}
    response = respond({"messages": [system, {"role": "user", "content": SORT}]})
    assert text_of(response) == "def solve(xs):\n    return sorted(xs)"


@pytest.mark.parametrize("operation", prompts.CODE_EVOLVE_METHODS)
def test_an_evolved_question_can_be_answered(operation: str) -> None:
    for question in questions(30):
        evolved = text_of(ask(prompts.evolve(operation, question)))
        assert text_of(ask(evolved)).startswith("def ")


def test_paraphrasing_keeps_the_answer() -> None:
    for question in questions(30):
        other = text_of(ask(prompts.evolve("paraphrase", question)))
        assert other != question
        assert text_of(ask(other)) == text_of(ask(question))


@pytest.mark.parametrize("operation", prompts.CODE_EVOLVE_METHODS)
def test_it_judges_an_evolved_question_not_equal_to_its_parent(operation: str) -> None:
    for question in questions(30):
        evolved = text_of(ask(prompts.evolve(operation, question)))
        verdict = "Equal" if evolved == question else "Not Equal"
        assert text_of(ask(prompts.judge(question, evolved))) == verdict


def test_it_judges_the_same_task_in_other_words_equal() -> None:
    for question in questions(30):
        other = text_of(ask(prompts.evolve("paraphrase", question)))
        assert text_of(ask(prompts.judge(question, other))) == "Equal"


def test_it_judges_nothing_outside_its_world() -> None:
    for pair in ((SORT, "Sing."), ("Sing.", SORT), ("", "")):
        assert text_of(ask(prompts.judge(*pair))) == APOLOGY


def test_a_question_that_cannot_evolve_comes_back_as_it_was() -> None:
    assert text_of(ask(prompts.evolve("complexity", SORT))) == SORT


@pytest.mark.parametrize(
    "message", ["What is the capital of France?", "", "你好 😀", "x" * 100_000]
)
def test_outside_its_world_it_apologises_in_a_few_words(message: str) -> None:
    for said in (ask(message), ask(prompts.evolve("replace", message))):
        assert text_of(said) == APOLOGY
    assert "sorry" in APOLOGY
    assert len(APOLOGY.split()) < 80


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_evolved_question_copies_no_words_of_the_prompt(operation: str) -> None:
    marks = ["given", "rewritten", "#", *prompts.CODE_EVOLVE_METHODS.values()]
    for question in questions(30):
        evolved = text_of(ask(prompts.evolve(operation, question))).lower()
        assert not any(mark.lower() in evolved for mark in marks)


def test_equal_requests_get_equal_responses() -> None:
    message = prompts.evolve("constraints", SORT)
    assert ask(message, seed=1) == ask(message, seed=1)


def test_seeds_and_further_choices_are_other_draws() -> None:
    message = prompts.evolve("constraints", SORT)
    by_seed = {text_of(ask(message, seed=seed)) for seed in range(20)}
    choices = ask(message, n=16)["choices"]
    assert len(by_seed) > 15
    assert len({choice["message"]["content"] for choice in choices}) > 12


def test_the_evolved_task_keeps_the_names_of_its_parent() -> None:
    child = read(text_of(ask(prompts.evolve("constraints", SORT))))
    assert child is not None
    assert (child.program.name, child.program.parameter) == ("solve", "xs")


def test_a_reply_takes_well_under_a_millisecond() -> None:
    messages = [prompts.evolve(o, q) for o in OPERATIONS for q in questions(60)]
    started = time.process_time()
    for message in messages:
        ask(message)
    assert (time.process_time() - started) / len(messages) < 1e-3


def test_the_teacher_knows_nothing_of_the_benchmark() -> None:
    code = (
        "import sys, wizardcoder.miniature.teacher; "
        "known = ('splits', 'heldout', 'problems', 'tasks'); "
        "print([m for m in sys.modules if m.rpartition('.')[2] in known and 'miniature' in m])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_its_tests_are_plain_asserts_that_its_own_solution_passes() -> None:
    for question in questions(60):
        said = text_of(ask(prompts.tests(question), seed=3, max_tokens=512))
        assert said.startswith("```python\nassert ")
        assert said.endswith("\n```")
        assert said.count("assert ") == 6
        names: dict[str, Any] = {}
        exec(text_of(ask(question)), names)
        exec(said.removeprefix("```python\n").removesuffix("```"), names)


def test_tests_drawn_with_another_seed_are_others() -> None:
    assert len({text_of(ask(prompts.tests(SORT), seed=seed)) for seed in range(4)}) == 4


def test_what_is_outside_its_world_is_not_testable() -> None:
    assert text_of(ask(prompts.tests("Draw a cat."))) == prompts.NOT_TESTABLE


def test_a_record_that_asks_for_the_problems_program_matches_it() -> None:
    first, second = questions(2)

    def said(record: str) -> str:
        return text_of(ask(prompts.match(f"{first}\n{text_of(ask(first))}", record)))

    assert said(f"{first}\n{text_of(ask(first))}") == "Match"
    assert said(f"{second}\n{text_of(ask(second))}") == "No Match"
    assert said(f"Write a haiku.\n{text_of(ask(first))}") == APOLOGY
