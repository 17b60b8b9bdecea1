"""Verification within the stage: the miniature's teacher, a real sandbox, and a saboteur."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evolve.worlds import accepted, plan, rejected, tables
from tests.fault_server import options
from wizardcoder import evolve, miniature, prompts, recipe
from wizardcoder.evolve.verification import Run
from wizardcoder.pipeline.trials import Trials
from wizardcoder.storage import Identity, Json, text_digest
from wizardcoder.teacher import Ledger, LocalTransport, Teacher

SEEDS = miniature.seeds(12)
Respond = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def trials() -> Iterator[Run]:
    with Trials(recipe.Recipe(evolve={"verify": {"cpu_seconds": 1.0}}), jobs=2) as run:
        yield run


def evolved(
    folder: Path,
    verify: evolve.Verify | None,
    respond: Respond = miniature.respond,
    rounds: int = 2,
    earlier: Path | None = None,
    out: str = "evolved",
) -> Json:
    """The stage with one teacher that answers in this process; its ledger is beside it."""
    settings = options("miniature", send_seed=True, max_tokens=512, concurrency=4)
    with Ledger(folder / "ledger.sqlite") as ledger:
        teacher = Teacher(settings, LocalTransport(respond), ledger)
        return evolve.run_stage(
            folder / out,
            SEEDS,
            plan(rounds),
            [teacher],
            identity=Identity("evolve", {"rounds": rounds}),
            verify=verify,
            earlier=earlier,
        )


def saboteur(request: dict[str, Any]) -> dict[str, Any]:
    """Every other question gets an answer that is wrong whenever it is asked."""
    response = miniature.respond(request)
    question, message = request["messages"][-1]["content"], response["choices"][0]["message"]
    if message["content"].startswith("def ") and len(question) % 2:
        message["content"] = message["content"].rpartition("return ")[0] + "return 'sabotage'"
    return response


def sometimes(request: dict[str, Any]) -> dict[str, Any]:
    """Two of three answers are wrong, by a hash of the request: writing anew helps."""
    response = miniature.respond(request)
    message = response["choices"][0]["message"]
    if message["content"].startswith("def ") and int(text_digest(request)[:8], 16) % 3:
        message["content"] = message["content"].rpartition("return ")[0] + "return 'sabotage'"
    return response


def test_all_that_a_flawless_teacher_answers_is_verified_apart(tmp_path: Path, trials: Run) -> None:
    counts = evolved(tmp_path, evolve.Verify(trials))["counts"]
    records = accepted(tmp_path)
    assert {(r.verification, r.tries) for r in records} == {("verified", 1)}
    assert counts["verification"]["attested"] == len(records) > 0
    assert counts["verification"]["by_round"]["1"] == {"verified": counts["accepted_by_round"]["1"]}


def test_verification_changes_no_record_of_a_flawless_teacher(tmp_path: Path, trials: Run) -> None:
    evolved(tmp_path / "with", evolve.Verify(trials))
    evolved(tmp_path / "without", None)
    bare = [replace(record, verification="", tries=0) for record in accepted(tmp_path / "with")]
    assert bare == accepted(tmp_path / "without")


def test_wrong_answers_stay_labelled_and_the_counts_add_up(tmp_path: Path, trials: Run) -> None:
    counts = evolved(tmp_path, evolve.Verify(trials, tries=2), saboteur)["counts"]
    records = accepted(tmp_path)
    for record in records:
        wrong = "sabotage" in record.response
        assert record.verification == ("failed" if wrong else "verified")
        assert record.tries == (2 if wrong else 1)
    found = Counter(record.verification for record in records)
    assert min(found["failed"], found["verified"]) > 0
    for key in ("by_round", "by_operation"):
        total = Counter[str]()
        for statuses in counts["verification"][key].values():
            total.update(statuses)
        assert total == found


def test_failed_answers_are_eliminated_where_the_recipe_says_so(
    tmp_path: Path, trials: Run
) -> None:
    verify = evolve.Verify(trials, tries=2, keep_failed=False)
    counts = evolved(tmp_path, verify, saboteur)["counts"]
    assert {record.verification for record in accepted(tmp_path)} == {"verified"}
    failed = [row for row in rejected(tmp_path) if row.rule == "failed_tests"]
    assert len(failed) == counts["rules"]["failed_tests"] > 0
    for row in failed:
        assert (row.verification, row.tries) == ("failed", 2)
        assert row.detail.startswith("wrong_answer: assert ")


def test_writing_answers_anew_saves_what_one_answer_would_lose(tmp_path: Path, trials: Run) -> None:
    shares = []
    for tries in (1, 5):
        folder = tmp_path / str(tries)
        evolved(folder, evolve.Verify(trials, tries=tries), sometimes)
        records = accepted(folder)
        shares.append(sum(r.verification == "verified" for r in records) / len(records))
        assert all("sabotage" not in r.response for r in records if r.verification == "verified")
    assert shares[0] < 0.6 < shares[1]


def test_stopped_anywhere_it_asks_nothing_twice_and_ends_with_the_same_bytes(
    tmp_path: Path, trials: Run
) -> None:
    evolved(tmp_path / "whole", evolve.Verify(trials), sometimes)
    sent = Counter[str]()

    def counted(request: dict[str, Any]) -> dict[str, Any]:
        sent[json.dumps(request, sort_keys=True)] += 1
        return sometimes(request)

    for stop_after in (1, 7, 30):
        left = iter(range(stop_after))

        async def limited(program: str, tests: str, left: Iterator[int] = left) -> evolve.Trial:
            if next(left, None) is None:
                raise asyncio.CancelledError
            return await trials(program, tests)

        with pytest.raises(asyncio.CancelledError):
            evolved(tmp_path / "parts", evolve.Verify(limited), counted)
    evolved(tmp_path / "parts", evolve.Verify(trials), counted)
    assert tables(tmp_path / "parts") == tables(tmp_path / "whole")
    assert set(sent.values()) == {1}


def test_rounds_taken_from_an_earlier_stage_give_the_same_bytes_as_all_at_once(
    tmp_path: Path, trials: Run
) -> None:
    verify = evolve.Verify(trials, tries=2)
    whole = evolved(tmp_path / "whole", verify, saboteur, rounds=2)
    evolved(tmp_path / "parts", verify, saboteur, rounds=1, out="first")
    asked: list[str] = []

    def watched(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["messages"][-1]["content"])
        return saboteur(request)

    first = tmp_path / "parts" / "first"
    second = evolved(tmp_path / "parts", verify, watched, rounds=2, earlier=first)
    assert tables(tmp_path / "parts") == tables(tmp_path / "whole")
    assert second["counts"] == whole["counts"]
    opening = prompts.tests("")
    questions = {text.removeprefix(opening) for text in asked if text.startswith(opening)}
    assert questions == {r.instruction for r in (*accepted(tmp_path / "parts"),) if r.round == 2}
