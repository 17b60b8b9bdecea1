"""The five operations, and the paraphrase, on tasks."""

from collections.abc import Iterator

import pytest

from wizardcoder import prompts
from wizardcoder.miniature.catalogue import BY_NAME
from wizardcoder.miniature.compositions import draw_program
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.evolution import EVOLUTIONS, MOST_STEPS
from wizardcoder.miniature.language import Task, new_task, render
from wizardcoder.miniature.probes import behave_alike, is_sensible
from wizardcoder.miniature.programs import Step, Style
from wizardcoder.miniature.reading import read

PARENTS = [
    new_task(draw_program(1 + i % 4, Draw("parents", i)), Draw("words", i)) for i in range(120)
]
FIVE = list(prompts.CODE_EVOLVE_METHODS)
each_operation = pytest.mark.parametrize("operation", EVOLUTIONS)


def evolved(operation: str) -> Iterator[tuple[Task, Task]]:
    for number, parent in enumerate(PARENTS):
        child = EVOLUTIONS[operation](parent, Draw(operation, number))
        if child is not None:
            yield parent, child


def test_there_is_an_evolution_for_each_operation_of_the_paper_and_the_control() -> None:
    assert list(EVOLUTIONS) == [*FIVE, "paraphrase"]


@each_operation
def test_a_child_says_something_else_and_can_be_read(operation: str) -> None:
    for parent, child in evolved(operation):
        assert render(child) != render(parent)
        assert read(render(child)) == child


@each_operation
def test_it_applies_to_most_tasks_that_leave_room(operation: str) -> None:
    least = {"complexity": 0.35, "constraints": 0.7, "reasoning": 0.65}.get(operation, 0.75)
    assert sum(1 for _ in evolved(operation)) >= least * len(PARENTS)


@pytest.mark.parametrize("operation", ["constraints", "reasoning", "replace"])
def test_a_child_that_asks_for_another_program_is_sensible(operation: str) -> None:
    for parent, child in evolved(operation):
        assert is_sensible(child.program.steps)
        assert child.program.steps != parent.program.steps


def test_constraints_add_a_step_at_the_end_in_about_ten_words() -> None:
    for parent, child in evolved("constraints"):
        assert child.program.steps[:-1] == parent.program.steps
        added = render(child).removeprefix(render(parent)).split()
        assert 5 <= len(added) <= 18


def test_replace_puts_a_rarer_operation_in_the_place_of_a_common_one() -> None:
    for parent, child in evolved("replace"):
        changed = [
            (old.operation, new.operation)
            for old, new in zip(parent.program.steps, child.program.steps, strict=True)
            if old != new
        ]
        assert len(changed) == 1
        old, new = changed[0]
        assert new.rarity > old.rarity


def test_reasoning_inserts_a_step_before_the_last() -> None:
    for parent, child in evolved("reasoning"):
        assert len(child.program.steps) == len(parent.program.steps) + 1
        assert child.program.steps[-1] == parent.program.steps[-1]
        assert child.additions == parent.additions


def test_misdirection_shows_code_that_is_wrong_and_asks_for_the_same_program() -> None:
    for parent, child in evolved("misdirection"):
        assert child.program == parent.program
        assert child.wrong is not None
        assert not behave_alike(child.program.steps, child.wrong.steps)


def test_complexity_asks_for_the_lazy_form_where_that_is_another_code() -> None:
    for parent, child in evolved("complexity"):
        assert child.program.style is Style.LAZY
        assert child.program.steps == parent.program.steps
        assert child.program.source() != parent.program.source()


def test_paraphrase_changes_the_words_only() -> None:
    for parent, child in evolved("paraphrase"):
        assert child.program == parent.program
        assert len(child.additions) == len(parent.additions)


@pytest.mark.parametrize("operation", ["constraints", "reasoning"])
def test_a_task_grows_no_further_than_the_most_steps(operation: str) -> None:
    longest = [parent for parent in PARENTS if len(parent.program.steps) == MOST_STEPS]
    assert all(EVOLUTIONS[operation](parent, Draw(0)) is None for parent in longest)


def test_erroneous_code_goes_when_the_question_changes() -> None:
    parent = next(child for _, child in evolved("misdirection"))
    child = EVOLUTIONS["constraints"](parent, Draw(1))
    assert child is not None
    assert child.wrong is None
    assert child.warning is None


@pytest.mark.parametrize("operation", ["misdirection", "complexity"])
def test_what_is_asked_already_is_not_asked_again(operation: str) -> None:
    child = next(child for _, child in evolved(operation))
    assert EVOLUTIONS[operation](child, Draw(1)) is None


def test_complexity_does_not_apply_without_an_intermediate_list() -> None:
    task = new_task((Step(BY_NAME["upper case"], None), Step(BY_NAME["split"], None)), Draw(0))
    assert EVOLUTIONS["complexity"](task, Draw(0)) is None


def test_replace_does_not_apply_to_the_rarest_operation() -> None:
    task = new_task((Step(BY_NAME["running sums"], None),), Draw(0))
    assert EVOLUTIONS["replace"](task, Draw(0)) is None


def test_misdirection_does_not_apply_where_there_is_nothing_to_mistake_it_for() -> None:
    task = new_task((Step(BY_NAME["count words"], None),), Draw(0))
    assert EVOLUTIONS["misdirection"](task, Draw(0)) is None
