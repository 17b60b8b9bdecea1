"""The tasks of the benchmark's splits."""

from collections import Counter

from wizardcoder.miniature.catalogue import OPERATIONS
from wizardcoder.miniature.compositions import all_compositions
from wizardcoder.miniature.language import render
from wizardcoder.miniature.probes import behaviour, canonical, is_sensible
from wizardcoder.miniature.programs import Step, Style, shape
from wizardcoder.miniature.splits import SPLITS, held_items, items

DEV, TEST = items("dev"), items("test")


def test_the_test_split_has_150_tasks_of_each_depth_and_the_development_split_100() -> None:
    assert Counter(i.group for i in TEST) == {"1-step": 150, "2-step": 150, "3-step": 150}
    assert Counter(i.group for i in DEV) == {"1-step": 100, "2-step": 100, "3-step": 100}


def test_no_two_tasks_say_the_same() -> None:
    said = [render(item.task) for item in (*DEV, *TEST) if len(item.steps) > 1]
    assert len(said) == len(set(said))
    assert len({render(item.task) for item in TEST}) == len(TEST)


def test_every_deeper_test_task_has_a_composition_of_its_own() -> None:
    shapes = [shape(item.steps) for item in TEST if len(item.steps) > 1]
    assert len(shapes) == len(set(shapes)) == 300


def test_the_splits_share_no_composition() -> None:
    by_split = [{shape(i.steps) for i in items(split) if len(i.steps) > 1} for split in SPLITS]
    assert not by_split[0] & by_split[1]


def test_both_splits_cover_every_operation_in_one_step() -> None:
    for split in SPLITS:
        seen = {item.steps[0].operation for item in items(split) if len(item.steps) == 1}
        assert seen == set(OPERATIONS)


def test_every_task_is_sensible_eager_and_said_in_one_sentence() -> None:
    for item in (*DEV, *TEST):
        assert is_sensible(item.steps)
        assert item.task.program.style is Style.EAGER
        assert item.task.additions == ()
        assert item.task.wrong is None


def test_no_deeper_task_does_what_one_step_does() -> None:
    single = {
        behaviour((Step(operation, constant),))
        for operation in OPERATIONS
        for constant in operation.constants or (None,)
    }
    assert not single & {behaviour(item.steps) for item in held_items()}


def test_no_three_step_task_does_what_two_steps_do_with_canonical_constants() -> None:
    pairs = {behaviour(canonical(pair)) for pair in all_compositions(2)}
    triples = {
        behaviour(canonical(step.operation for step in item.steps))
        for item in held_items()
        if len(item.steps) == 3
    }
    assert not pairs & triples


def test_task_ids_name_split_and_depth() -> None:
    assert TEST[160].task_id == "miniature/2-step/010"
    assert DEV[-1].task_id == "miniature-dev/3-step/099"
