"""What a candidate inherits: an interpreter that can be read, and the same chances every time."""

from __future__ import annotations

import random
import venv
from pathlib import Path

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Interpreter, Sandbox


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """An environment that holds the module `mine`, by a name that leads there through two links."""
    real = tmp_path / "real"
    venv.create(real, symlinks=True)
    (library,) = real.glob("lib/python*/site-packages")
    (library / "mine.py").write_text("square = lambda x: x * x\n", encoding="utf-8")
    (tmp_path / "between").symlink_to("real")
    (tmp_path / "linked").symlink_to("between")
    return tmp_path / "linked"


def test_an_environment_behind_links_can_be_read(box: Sandbox, linked: Path) -> None:
    interpreter = Interpreter(python=str(linked / "bin/python"), preload=())
    with Sandbox(box.limits, level=box.level, interpreter=interpreter) as fresh:
        judgement = fresh.judge(
            program="import mine\ndef f(x): return mine.square(x)",
            entry_point="f",
            test="def check(candidate): assert candidate(3) == 9",
        )
    assert judgement.outcome is Outcome.PASSED, judgement.reason


def test_random_numbers_are_the_same_for_every_candidate_of_every_lane(box: Sandbox) -> None:
    numpy = pytest.importorskip("numpy")
    expected = [random.Random(0).random(), numpy.random.RandomState(0).rand()]
    judgement = box.judge(
        program="import random, numpy\ndef f(): return [random.random(), numpy.random.rand()]",
        entry_point="f",
        test=f"def check(candidate): assert candidate() == {expected!r}",
    )
    assert judgement.outcome is Outcome.PASSED, judgement.reason
