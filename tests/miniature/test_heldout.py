"""What must not be trained on, and how it is caught."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from wizardcoder.miniature.catalogue import BY_NAME, OPERATIONS
from wizardcoder.miniature.compositions import all_compositions
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.heldout import Holdout, contamination, holdout
from wizardcoder.miniature.language import new_task, render
from wizardcoder.miniature.probes import canonical, is_sensible
from wizardcoder.miniature.programs import Program, Step, Style
from wizardcoder.miniature.splits import Item, held_items, items


def step(name: str, constant: int | None = None) -> Step:
    return Step(BY_NAME[name], constant)


#: One held task: add 4 to each, then sort.
HELD = (step("add {k} to each", 4), step("sort"))
ONE = Holdout([Item("held", new_task(HELD, Draw(0)))])


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        (HELD, "held-out-program"),
        ((step("add {k} to each", 7), step("sort")), "held-out-program"),
        ((*HELD, step("sum")), "held-out-program"),
        ((step("keep even"), *HELD), "held-out-program"),
        ((step("sort"), step("add {k} to each", 9)), "held-out-behaviour"),
        ((step("keep odd"), step("sort"), step("add {k} to each", 2)), "held-out-behaviour"),
    ],
)
def test_a_held_composition_is_caught_with_any_constants_within_and_by_its_behaviour(
    steps: Sequence[Step], rule: str
) -> None:
    assert ONE.violation(tuple(steps)) == (rule, "held")


@pytest.mark.parametrize(
    "steps",
    [
        (step("sort"),),
        (step("add {k} to each", 4), step("sort descending")),
        (step("add {k} to each", 4), step("keep even"), step("sort")),
    ],
)
def test_other_programs_are_free(steps: Sequence[Step]) -> None:
    assert ONE.violation(tuple(steps)) is None


def test_every_held_task_is_contamination_in_either_style_and_under_any_names() -> None:
    for item in held_items():
        for style in Style:
            program = replace(item.task.program, style=style, name="other")
            assert contamination(program.source()) is not None


def test_every_held_instruction_with_its_code_in_a_fence_is_contamination() -> None:
    for item in held_items():
        task = replace(item.task, warning=0, wrong=item.task.program)
        assert contamination(render(task)) is not None


def test_single_steps_are_free() -> None:
    for item in items("test"):
        if len(item.steps) == 1:
            assert contamination(item.task.program.source()) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "print('hello')",
        "def f(xs):\n    return xs.pop()",
        "```python\nimport os\n```",
        "not code",
    ],
)
def test_what_is_not_of_this_world_is_left_to_the_ordinary_rules(text: str) -> None:
    assert contamination(text) is None


def test_a_very_long_program_is_left_alone() -> None:
    program = Program("f", "s", (step("repeat {k} times", 4),) * 50)
    assert contamination(program.source()) is None


def test_the_holdout_takes_no_more_than_a_seventh_of_the_sensible_pairs() -> None:
    pairs = [canonical(pair) for pair in all_compositions(2)]
    sensible = [pair for pair in pairs if is_sensible(pair)]
    held = [pair for pair in sensible if holdout().violation(pair)]
    assert 0.10 < len(held) / len(sensible) < 1 / 7


def test_no_operation_is_lost_to_training() -> None:
    free = {
        operation
        for pair in all_compositions(2)
        if holdout().violation(canonical(pair)) is None
        for operation in pair
    }
    assert free == set(OPERATIONS)
