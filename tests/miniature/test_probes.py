"""What programs do, seen from outside."""

import pytest

from wizardcoder.miniature.catalogue import BY_NAME
from wizardcoder.miniature.probes import (
    behaviour,
    canonical,
    has_redundant_step,
    is_constant,
    is_sensible,
    subprograms,
)
from wizardcoder.miniature.programs import Step, Steps


def steps_of(*labels: tuple[str, int | None]) -> Steps:
    return tuple(Step(BY_NAME[name], constant) for name, constant in labels)


def test_programs_that_do_the_same_by_another_road_behave_alike() -> None:
    one = steps_of(("add {k} to each", 4), ("sort", None))
    other = steps_of(("sort", None), ("add {k} to each", 4))
    assert behaviour(one) == behaviour(other)


def test_another_constant_behaves_otherwise() -> None:
    for operation in BY_NAME.values():
        behaviours = {behaviour((Step(operation, k),)) for k in operation.constants or (None,)}
        assert len(behaviours) == (len(operation.constants) or 1), operation


def test_no_two_operations_behave_alike() -> None:
    behaviours = {behaviour(canonical((operation,))) for operation in BY_NAME.values()}
    assert len(behaviours) == len(BY_NAME)


@pytest.mark.parametrize(
    "steps",
    [
        steps_of(("sort", None), ("sum", None)),
        steps_of(("sort", None), ("sort", None)),
        steps_of(("reverse", None), ("reverse", None)),
        steps_of(("negate each", None), ("keep even", None), ("negate each", None)),
    ],
)
def test_a_step_without_effect_is_redundant(steps: Steps) -> None:
    assert has_redundant_step(steps)


def test_a_program_that_gives_the_same_for_everything_is_not_sensible() -> None:
    nothing_left = steps_of(("keep even", None), ("keep odd", None))
    assert is_constant(nothing_left)
    assert not is_sensible(nothing_left)


def test_steps_that_all_matter_are_sensible() -> None:
    assert is_sensible(steps_of(("keep even", None), ("add {k} to each", 3), ("sum", None)))


def test_subprograms_are_all_that_is_left_when_steps_go() -> None:
    steps = steps_of(("sort", None), ("sum", None), ("negate", None))
    found = {tuple(step.label for step in rest) for rest in subprograms(steps)}
    assert found == {(), ("sort",), ("sum",), ("sort", "sum"), ("sum", "negate")}
