"""The words of an instruction."""

from dataclasses import replace

from wizardcoder.miniature.catalogue import BY_NAME
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.language import Task, new_task, render, reworded
from wizardcoder.miniature.programs import Program, Step, Style

STEPS = (Step(BY_NAME["keep even"], None), Step(BY_NAME["add {k} to each"], 4))
TASK = Task(Program("solve", "xs", STEPS), head=0, phrasings=(0, 1), connector=1)


def test_a_task_is_said_in_one_sentence() -> None:
    assert render(TASK) == (
        "Write a function solve(xs) that keeps the even numbers, then increases every element by 4."
    )


def test_an_added_step_has_a_sentence_of_its_own() -> None:
    assert render(replace(TASK, connector=0, additions=(0,))) == (
        "Write a function solve(xs) that keeps the even numbers. "
        "In addition, it then increases every element by 4."
    )


def test_the_demand_to_stream_comes_after_what_is_asked() -> None:
    lazy = replace(TASK.program, style=Style.LAZY)
    assert render(replace(TASK, program=lazy, stream_demand=0)).endswith(
        "by 4. It must work on a stream, without building any intermediate list."
    )


def test_erroneous_code_comes_last_within_a_fence() -> None:
    wrong = replace(TASK.program, steps=STEPS[:1])
    assert render(replace(TASK, warning=0, wrong=wrong)).endswith(
        "by 4.\n\nThe following attempt is wrong:\n"
        "```python\ndef solve(xs):\n    return [x for x in xs if x % 2 == 0]\n```"
    )


def test_other_words_ask_for_the_same_program_in_the_same_layout() -> None:
    task = replace(TASK, connector=0, additions=(0,))
    said = [reworded(task, Draw("words", i)) for i in range(50)]
    assert len({render(other) for other in said}) > 20
    assert {(other.program, len(other.additions)) for other in said} == {(TASK.program, 1)}


def test_a_new_task_names_its_parameter_after_its_kind() -> None:
    assert new_task(STEPS, Draw("name")).program.parameter in ("xs", "numbers", "values")
