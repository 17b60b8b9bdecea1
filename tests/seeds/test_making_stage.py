"""Seeds that a teacher helps to make: all accounted for, the same again, and paid once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.seeds.teaching import Say, asking, say
from wizardcoder.errors import StageConflictError, TeacherError
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.making_stage import make_stage
from wizardcoder.seeds.selfinstruct import SelfInstruct, SelfInstructOptions
from wizardcoder.storage import Identity, Json, read_parquet
from wizardcoder.teacher import Ledger

TASKS = [f"Write a function that {verb} a list of numbers." for verb in "sorts sums scales".split()]


def run(
    folder: Path, say: Say = say, *, wanted: int = 40, force: bool = False, **options: Any
) -> Json:
    return make_stage(
        folder / "seeds",
        partial(SelfInstruct, TASKS, SelfInstructOptions(), seed=0, licence="MIT"),
        asking(folder, say, **options),
        wanted=wanted,
        seed=0,
        identity=Identity("seeds", {"wanted": wanted}),
        force=force,
    )


def tables(folder: Path) -> tuple[bytes, bytes]:
    files = (folder / "seeds" / f"{name}.parquet" for name in ("records", "rejected"))
    first, second = (file.read_bytes() for file in files)
    return first, second


def calls(folder: Path) -> int:
    with Ledger(folder / "ledger.sqlite") as ledger:
        return ledger.totals().calls


def interrupted_after(answers: int) -> Callable[[str], str]:
    """The usual teacher, until it has answered so often; then Ctrl-C."""
    heard: list[str] = []

    def interrupted(prompt: str) -> str:
        if len(heard) == answers:
            raise KeyboardInterrupt
        heard.append(prompt)
        return say(prompt)

    return interrupted


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder)
    return folder


def test_there_are_as_many_seeds_as_wanted(undisturbed: Path) -> None:
    records = read_parquet(undisturbed / "seeds" / "records.parquet", Record)
    assert len(records) == 40
    assert {(r.round, r.licence, r.teacher, r.teacher_terms, r.source) for r in records} == {
        (0, "MIT", "m", "free", "self-instruct")
    }


def test_the_manifest_adds_up_and_says_what_it_cost(undisturbed: Path) -> None:
    manifest = json.loads((undisturbed / "seeds" / "manifest.json").read_text())
    counts = manifest["counts"]
    rejected = read_parquet(undisturbed / "seeds" / "rejected.parquet", Rejected)
    assert sum(counts["rules"].values()) == counts["rejected"] == len(rejected)
    assert {"keyword", "refusal"} <= set(counts["rules"])
    answered = 40 + counts["rules"]["refusal"]
    assert manifest["cost"]["answered"] == counts["requests"] + answered


@pytest.mark.parametrize("concurrency", [1, 3])
def test_bytes_do_not_depend_on_concurrency(
    tmp_path: Path, undisturbed: Path, concurrency: int
) -> None:
    run(tmp_path, concurrency=concurrency)
    assert tables(tmp_path) == tables(undisturbed)


@pytest.mark.parametrize("answers", [1, 5, 30, 60])
def test_an_interrupted_stage_goes_on_and_pays_for_nothing_twice(
    tmp_path: Path, undisturbed: Path, answers: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, interrupted_after(answers), concurrency=1)
    manifest = run(tmp_path)
    assert tables(tmp_path) == tables(undisturbed)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        totals = ledger.totals()
    assert totals.answered == calls(undisturbed)
    assert manifest["cost"]["answered"] == totals.answered


def test_a_finished_stage_opens_no_ledger(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "ledger.sqlite").unlink()
    run(tmp_path)
    assert not (tmp_path / "ledger.sqlite").exists()


def test_other_options_are_refused(tmp_path: Path) -> None:
    run(tmp_path, wanted=3)
    with pytest.raises(StageConflictError, match="wanted: 3 → 4"):
        run(tmp_path, wanted=4)


def test_a_teacher_without_new_ideas_is_told_of_with_what_was_made(tmp_path: Path) -> None:
    def stuck(prompt: str) -> str:
        ideas = [" ".join(chr(96 + n) * length for length in range(1, 7)) for n in range(1, 9)]
        listed = "\n".join(f"{n}. {idea}" for n, idea in enumerate(ideas, 9))
        return listed if "numbered" in prompt else "4"

    with pytest.raises(TeacherError) as error:
        run(tmp_path, stuck)
    assert "made 8 of 40 seeds: the teacher has no new ideas" in str(error.value)
    assert re.search(r"its last 2\d replies held none \(\d+ too_similar\)", str(error.value))
    assert "--set seeds.count=8 --force" in str(error.value)
    before = calls(tmp_path)
    assert run(tmp_path, stuck, wanted=8, force=True)["counts"]["seeds"] == 8
    assert calls(tmp_path) - before <= 1


def test_a_teacher_that_fails_ten_times_in_a_row_is_down(tmp_path: Path) -> None:
    def failing(prompt: str) -> object:
        return say(prompt) if "numbered" in prompt else 7  # no text

    with pytest.raises(TeacherError, match=r"10 failures in a row"):
        run(tmp_path, failing, max_retries=0)
