"""Reading an instruction recovers its task, from the text alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizardcoder.miniature.catalogue import BY_TAKES, OPERATIONS
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.language import (
    ADDITIONS,
    CONNECTORS,
    HEADS,
    STREAM_DEMANDS,
    WARNINGS,
    Task,
    new_task,
    render,
)
from wizardcoder.miniature.programs import FUNCTION_NAMES, PARAMETERS, Program, Step, Steps, Style
from wizardcoder.miniature.reading import read

SORT = "Write a function f(xs) that sorts the list."
SORT_CODE = "def f(xs):\n    return sorted(xs)"


def positions(templates: tuple[str, ...]) -> st.SearchStrategy[int]:
    return st.integers(0, len(templates) - 1)


@st.composite
def rows_of_steps(draw: st.DrawFn) -> Steps:
    operations = [draw(st.sampled_from(OPERATIONS))]
    for _ in range(draw(st.integers(0, 3))):
        operations.append(draw(st.sampled_from(BY_TAKES[operations[-1].gives])))
    return tuple(
        Step(operation, draw(st.sampled_from(operation.constants)) if operation.constants else None)
        for operation in operations
    )


@st.composite
def programs(draw: st.DrawFn, style: Style) -> Program:
    steps = draw(rows_of_steps())
    parameter = draw(st.sampled_from(PARAMETERS[steps[0].operation.takes]))
    return Program(draw(st.sampled_from(FUNCTION_NAMES)), parameter, steps, style)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    style = draw(st.sampled_from(Style))
    program = draw(programs(style))
    additions = draw(st.lists(positions(ADDITIONS), max_size=len(program.steps) - 1))
    with_note = draw(st.booleans())
    return Task(
        program=program,
        head=draw(positions(HEADS)),
        phrasings=tuple(draw(positions(step.operation.phrasings)) for step in program.steps),
        connector=draw(positions(CONNECTORS)) if len(program.steps) - len(additions) > 1 else 0,
        additions=tuple(additions),
        stream_demand=draw(positions(STREAM_DEMANDS)) if style is Style.LAZY else None,
        warning=draw(positions(WARNINGS)) if with_note else None,
        wrong=draw(programs(style)) if with_note else None,
    )


@given(task=tasks())
@settings(max_examples=400, deadline=None)
def test_reading_undoes_saying(task: Task) -> None:
    assert read(render(task)) == task


@given(task=tasks(), cut=st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_a_text_that_is_read_is_understood_in_full(task: Task, cut: int) -> None:
    damaged = render(task)[:-cut]
    found = read(damaged)
    assert found is None or render(found) == damaged


def test_space_around_the_text_does_not_matter() -> None:
    task = new_task((Step(OPERATIONS[0], None),), Draw(0))
    assert read(f"\n  {render(task)}\n") == task


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Write a function that adds two numbers.",
        "Write a function f(xs) that keeps the even numbers",
        "Write a function f(xs) that keeps the even numbers; sorts the list.",
        "Write a function f(xs) that keeps the even numbers, sorts the list.",
        "Write a function f(xs) that computes the sum and sorts the list.",
        "Write a function f(xs) that adds 12 to each number.",
        "Write a function f(xs) that sorts the list. It should be fast.",
        "Write a function f(xs) that sorts the list.\n\nBe quick.",
        "Write a function f(xs) that sorts it.\n\nThe following attempt is wrong:\n```python\n```",
        f"{SORT}\n\nThe following attempt is wrong:\n```python\nprint(1)\n```",
        f"{SORT}\n\nThe following attempt is wrong:\n```python\n{SORT_CODE}",
        f"{SORT}\n\nThis is fine:\n```python\n{SORT_CODE}\n```",
        "Écris une fonction f(xs) qui trie la liste. 😀",
    ],
)
def test_text_of_another_world_is_not_read(text: str) -> None:
    assert read(text) is None


def test_a_demand_for_a_stream_is_read_as_the_lazy_style() -> None:
    task = read(
        "Define run(xs) so that it sorts the list and squares each number. "
        "Handle one element at a time; no intermediate list may be stored."
    )
    assert task is not None
    assert task.program.style is Style.LAZY


def test_the_function_may_have_any_name() -> None:
    task = new_task((Step(OPERATIONS[0], None),), Draw(0))
    renamed = replace(task, program=replace(task.program, name="my_function_2"))
    assert read(render(renamed)) == renamed
