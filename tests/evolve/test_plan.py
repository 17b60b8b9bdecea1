"""Who is asked and what is drawn is a matter of the plan and a hash."""

from __future__ import annotations

from collections import Counter

from tests.evolve.worlds import plan
from wizardcoder.evolve import PlanTeacher

NAMES = [f"s/{number:06d}" for number in range(3000)]


def test_teachers_are_drawn_by_weight_for_each_attempt() -> None:
    teachers = [PlanTeacher("a", weight=3.0), PlanTeacher("b", weight=1.0)]
    two = plan()._replace(teachers=teachers)
    drawn = Counter(two.teacher(name, round) for name in NAMES for round in (1, 2))
    assert 0.73 < drawn[0] / drawn.total() < 0.77
    assert any(two.teacher(name, 1) != two.teacher(name, 2) for name in NAMES)


def test_teacher_and_operation_are_drawn_apart() -> None:
    two = plan()._replace(teachers=[PlanTeacher("a"), PlanTeacher("b")])
    pairs = Counter((two.teacher(n, 1), two.operation(n, 1)) for n in NAMES)
    assert len(pairs) == 10
    assert min(pairs.values()) > 0.7 * len(NAMES) / 10


def test_one_teacher_is_always_the_one() -> None:
    assert {plan().teacher(name, 1) for name in NAMES} == {0}


def test_a_lineage_has_one_language_by_weight() -> None:
    several = plan()._replace(languages={"Python": 3.0, "Rust": 1.0, "Go": 0.0})
    drawn = Counter(several.language(name) for name in NAMES)
    assert set(drawn) == {"Python", "Rust"}
    assert 0.72 < drawn["Python"] / len(NAMES) < 0.78


def test_without_languages_there_is_none() -> None:
    assert plan().language("s/000001") == ""
