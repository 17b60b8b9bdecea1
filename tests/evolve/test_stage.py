"""Every attempt is accounted for, and the same replies give the same bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evolve.worlds import (
    FakeTransport,
    Said,
    Script,
    accepted,
    attempts,
    down,
    moody,
    ok,
    plan,
    prompt_of,
    refuse,
    rejected,
    run,
    seed,
    tables,
)
from wizardcoder import recipe
from wizardcoder.errors import (
    StageConflictError,
    StorageError,
    TeacherAccessError,
    TeacherError,
    UsageError,
)
from wizardcoder.evolve import Evolved, PlanTeacher, evolve
from wizardcoder.evolve.stage import walk_all
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import begun, read_parquet, write_parquet
from wizardcoder.teacher.transport import Answer

SEEDS = [seed(number) for number in range(1, 31)]
ALL = [(seed.id, round) for seed in SEEDS for round in (1, 2, 3)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evolve stage of SEEDS, run once and without trouble."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder, SEEDS, FakeTransport(moody))
    return folder


def after(calls: int, trouble: Answer) -> Callable[[bytes], Answer]:
    """The moody teacher, until so many calls were answered; then trouble."""
    answered: list[bytes] = []

    def answer(body: bytes) -> Answer:
        answered.append(body)
        return moody(body) if len(answered) <= calls else trouble

    return answer


def shard(folder: Path) -> Path:
    return folder / "evolved.partial" / "attempts.jsonl"


# Accounts


def test_attempts_are_accepted_or_rejected_and_none_is_lost(undisturbed: Path) -> None:
    assert attempts(undisturbed) == ALL
    assert len(rejected(undisturbed)) > 5


def test_the_tables_are_sorted_by_seed_and_round(undisturbed: Path) -> None:
    for table in (accepted(undisturbed), rejected(undisturbed)):
        keys = [(record.seed_id, record.round) for record in table]
        assert keys == sorted(keys)


def test_every_rejection_names_one_rule(undisturbed: Path) -> None:
    assert {record.rule for record in rejected(undisturbed)} >= {
        "empty_answer",
        "refusal",
        "truncated_instruction",
        "unencodable_instruction",
    }


def test_parents_are_the_seed_or_an_accepted_record_of_the_lineage(undisturbed: Path) -> None:
    known = {(s.seed_id, s.id): 0 for s in SEEDS}
    known |= {(r.seed_id, r.id): r.round for r in accepted(undisturbed)}
    for record in (*accepted(undisturbed), *rejected(undisturbed)):
        assert known[record.seed_id, str(record.parent_id)] < record.round


def test_the_manifest_adds_up(undisturbed: Path) -> None:
    counts = json.loads((undisturbed / "evolved" / "manifest.json").read_text())["counts"]
    assert (counts["seeds"], counts["attempts"]) == (len(SEEDS), len(ALL))
    assert counts["accepted"] + counts["rejected"] == counts["attempts"]
    assert sum(counts["rules"].values()) == counts["rejected"]
    for fate in ("accepted", "rejected"):
        for part in ("round", "operation", "teacher"):
            assert sum(counts[f"{fate}_by_{part}"].values()) == counts[fate]
    assert counts["accepted_by_language"] == counts["rejected_by_language"] == {}


def test_the_manifest_says_what_it_cost(undisturbed: Path) -> None:
    cost = json.loads((undisturbed / "evolved" / "manifest.json").read_text())["cost"]
    assert cost["calls"] == cost["answered"] > len(ALL)
    assert cost["usd"] == pytest.approx(cost["calls"] * (10 * 1 + 5 * 2))


def test_no_seeds_give_empty_tables(tmp_path: Path) -> None:
    assert run(tmp_path, [], FakeTransport(moody))["counts"]["attempts"] == 0
    assert attempts(tmp_path) == []


def test_two_seeds_with_one_id_are_refused() -> None:
    script = Script(lambda prompt, sample: "more")
    with pytest.raises(UsageError, match="occur more than once, the first is 's/000001'"):
        asyncio.run(evolve([seed(1), seed(2), seed(1)], plan(), script))
    assert script.asked == []


def test_equal_seeds_share_their_calls(tmp_path: Path) -> None:
    seeds = [seed(number, instruction="Add 2 and 2.") for number in range(20)]
    transport = FakeTransport(lambda body: ok("Add 2 and 3 in O(1)."))
    run(tmp_path, seeds, transport, rounds=1)
    assert len(transport.bodies) <= 5 + 1  # five operations, and one answer to what they gave
    assert len(attempts(tmp_path)) == 20


def test_equal_seeds_of_one_operation_have_equal_children_under_ids_of_their_own(
    tmp_path: Path,
) -> None:
    twins = [seed(number, instruction="Add 2 and 2.") for number in (1, 2)]
    transport = FakeTransport(moody)
    run(tmp_path, twins, transport, wanted=plan(3, replace=1.0))
    everything = (*accepted(tmp_path), *rejected(tmp_path))
    lineages = [
        [(r.round, r.instruction, r.response) for r in everything if r.seed_id == twin.id]
        for twin in twins
    ]
    assert lineages[0] == lineages[1]
    assert len({record.id for record in everything}) == 6
    assert len(transport.bodies) <= 6  # what one of them needs


def test_the_manifest_counts_languages_and_what_the_judge_left_open(tmp_path: Path) -> None:
    wanted = plan()._replace(languages={"Rust": 1.0, "Go": 1.0}, judge=recipe.Judge())
    counts = run(tmp_path, SEEDS, FakeTransport(moody), wanted=wanted)["counts"]
    unclear = [r for r in (*accepted(tmp_path), *rejected(tmp_path)) if r.judge == "unclear"]
    assert counts["judge_unclear"] == len(unclear) > 10
    assert set(counts["accepted_by_language"]) == {"Go", "Rust"}
    assert sum(counts["accepted_by_language"].values()) == counts["accepted"]


# Determinism


@pytest.mark.parametrize(
    ("concurrency", "shuffle"), [(1, ""), (64, ""), (64, "one"), (64, "two"), (7, "three")]
)
def test_bytes_depend_on_neither_concurrency_nor_the_order_of_replies(
    tmp_path: Path, undisturbed: Path, concurrency: int, shuffle: str
) -> None:
    run(tmp_path, SEEDS, FakeTransport(moody, shuffle), concurrency=concurrency)
    assert tables(tmp_path) == tables(undisturbed)


def test_bytes_do_not_depend_on_the_order_of_the_seeds(tmp_path: Path, undisturbed: Path) -> None:
    run(tmp_path, SEEDS[::-1], FakeTransport(moody))
    assert tables(tmp_path) == tables(undisturbed)


def test_a_finished_stage_asks_nothing_and_leaves_its_bytes(tmp_path: Path) -> None:
    first = run(tmp_path, SEEDS, FakeTransport(moody))
    before = tables(tmp_path)
    transport = FakeTransport(moody)
    assert run(tmp_path, SEEDS, transport) == first
    assert (transport.bodies, tables(tmp_path)) == ([], before)


def test_a_lost_folder_is_made_again_from_the_ledger_alone(
    tmp_path: Path, undisturbed: Path
) -> None:
    run(tmp_path, SEEDS, FakeTransport(moody))
    (tmp_path / "evolved").rename(tmp_path / "lost")
    transport = FakeTransport(lambda body: refuse(500))
    run(tmp_path, SEEDS, transport)
    assert (transport.bodies, tables(tmp_path)) == ([], tables(undisturbed))


def test_other_options_are_refused(tmp_path: Path) -> None:
    run(tmp_path, SEEDS[:2], FakeTransport(moody), rounds=1)
    with pytest.raises(StageConflictError, match=r"options\.rounds: 1 → 2"):
        run(tmp_path, SEEDS[:2], FakeTransport(moody), rounds=2)


# Interrupted


@pytest.mark.parametrize("calls", [0, 1, 40, 120])
def test_a_wrong_key_in_the_middle_keeps_what_was_done_and_the_rest_follows(
    tmp_path: Path, undisturbed: Path, calls: int
) -> None:
    with pytest.raises(TeacherAccessError, match="refused the key"):
        run(tmp_path, SEEDS, FakeTransport(after(calls, refuse(401))), concurrency=5)
    assert not (tmp_path / "evolved").exists()
    done = shard(tmp_path).read_text().count("\n")
    assert done <= calls
    rest = FakeTransport(moody)
    run(tmp_path, SEEDS, rest)
    assert tables(tmp_path) == tables(undisturbed)
    cost = json.loads((undisturbed / "evolved" / "manifest.json").read_text())["cost"]
    assert len(rest.bodies) == cost["calls"] - calls


def test_a_torn_last_line_is_asked_of_the_ledger_again(tmp_path: Path, undisturbed: Path) -> None:
    with pytest.raises(TeacherAccessError):
        run(tmp_path, SEEDS, FakeTransport(after(100, refuse(401))))
    lines = shard(tmp_path).read_bytes()
    shard(tmp_path).write_bytes(lines[: len(lines) - 9])
    run(tmp_path, SEEDS, FakeTransport(moody))
    assert tables(tmp_path) == tables(undisturbed)


def test_what_the_teacher_failed_is_tried_again_when_the_stage_goes_on(
    tmp_path: Path, undisturbed: Path
) -> None:
    until = after(100, refuse(401))

    def patchy(body: bytes) -> Answer:  # every third lineage fails
        number = prompt_of(body).partition("program number ")[2].rstrip(".")
        return refuse(400) if number and int(number) % 3 == 0 else until(body)

    with pytest.raises(TeacherAccessError):
        run(tmp_path, SEEDS, FakeTransport(patchy), concurrency=1)
    assert '"teacher_refused"' in shard(tmp_path).read_text()
    run(tmp_path, SEEDS, FakeTransport(moody))
    assert tables(tmp_path) == tables(undisturbed)


def test_an_attempt_that_was_tried_again_counts_once(tmp_path: Path) -> None:
    def trouble(status: int) -> FakeTransport:
        def answer(body: bytes) -> Answer:
            if "program number 4." in prompt_of(body):
                return refuse(401)
            return moody(body) if status == 200 else refuse(status)

        return FakeTransport(answer)

    for status in (400, 200):
        with pytest.raises(TeacherAccessError):
            run(tmp_path, SEEDS[:4], trouble(status), concurrency=1)
    seen: list[int] = []
    run(tmp_path, SEEDS[:4], FakeTransport(moody), progress=lambda done, *_: seen.append(done))
    assert seen == [10, 11, 12]


def test_the_cost_covers_every_execution_and_leftovers_go(tmp_path: Path) -> None:
    for calls in (30, 20):
        with pytest.raises(TeacherAccessError):
            run(tmp_path, SEEDS, FakeTransport(after(calls, refuse(401))), concurrency=1)
    manifest = run(tmp_path, SEEDS, FakeTransport(moody))
    assert manifest["cost"]["refused"] == 2
    assert manifest["cost"]["answered"] > 2 * len(accepted(tmp_path))
    assert sorted(path.name for path in (tmp_path / "evolved").iterdir()) == [
        "manifest.json",
        "records.parquet",
        "rejected.parquet",
    ]


def test_the_cost_covers_an_execution_that_came_to_no_attempt(tmp_path: Path) -> None:
    with pytest.raises(TeacherAccessError):
        run(tmp_path, SEEDS[:1], FakeTransport(after(0, refuse(401))))
    assert shard(tmp_path).read_text() == ""
    assert not begun(tmp_path / "evolved")
    manifest = run(tmp_path, SEEDS[:1], FakeTransport(moody))
    assert manifest["cost"]["refused"] == 1


def test_progress_counts_attempts_also_those_of_an_earlier_execution(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with pytest.raises(TeacherAccessError):
        run(tmp_path, SEEDS, FakeTransport(after(50, refuse(401))), concurrency=1)
    before = shard(tmp_path).read_text().count("\n")

    def progress(done: int, total: int | None, note: str = "") -> None:
        seen.append((done, total))

    run(tmp_path, SEEDS, FakeTransport(moody), progress=progress)
    assert seen == [(n, len(ALL)) for n in range(before + 1, len(ALL) + 1)]


# A teacher that fails


def failing(body: bytes) -> Answer:
    """The moody teacher, but for a seed whose requests fail every time."""
    return refuse(500, "overloaded") if "number 7." in prompt_of(body) else moody(body)


def test_a_request_that_is_refused_for_good_is_a_rejected_attempt_with_its_error(
    tmp_path: Path,
) -> None:
    def answer(body: bytes) -> Answer:
        return refuse(400, "too long") if "number 7." in prompt_of(body) else moody(body)

    manifest = run(tmp_path, SEEDS, FakeTransport(answer))
    refused = [record for record in rejected(tmp_path) if record.rule == "teacher_refused"]
    assert [(record.seed_id, record.round) for record in refused] == [
        ("s/000007", 1),
        ("s/000007", 2),
        ("s/000007", 3),
    ]
    assert "too long" in refused[0].detail
    assert manifest["counts"]["rules"]["teacher_refused"] == 3
    assert attempts(tmp_path) == ALL


def test_a_stage_is_not_finished_while_failed_attempts_may_still_succeed(
    tmp_path: Path, undisturbed: Path
) -> None:
    said = r"failed 3 of 90 attempts, the last one: .*overloaded.*run the same command again"
    with pytest.raises(TeacherError, match=said):
        run(tmp_path, SEEDS, FakeTransport(failing), max_retries=0)
    assert not (tmp_path / "evolved").exists()
    rest = FakeTransport(moody)
    run(tmp_path, SEEDS, rest)
    assert tables(tmp_path) == tables(undisturbed)
    assert len(rest.bodies) <= 6  # nothing else is asked again


def test_what_failed_in_three_executions_is_kept_as_rejected(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(TeacherError, match="run the same command again"):
            run(tmp_path, SEEDS, FakeTransport(failing), max_retries=0)
    manifest = run(tmp_path, SEEDS, FakeTransport(failing), max_retries=0)
    assert manifest["counts"]["rules"]["teacher_failed"] == 3
    assert attempts(tmp_path) == ALL


def test_one_teacher_that_is_down_stops_the_stage_although_the_other_answers() -> None:
    two = plan()._replace(teachers=[PlanTeacher("a"), PlanTeacher("b")])
    good, bad = Script(lambda prompt, sample: f"{prompt} more"), Script(down)
    with pytest.raises(TeacherError, match="10 failures in a row"):
        asyncio.run(evolve(SEEDS, two, good, bad, concurrency=1))
    assert len(bad.asked) == 10


def test_ten_failures_in_a_row_stop_the_stage_and_what_was_done_is_kept(
    tmp_path: Path, undisturbed: Path
) -> None:
    transport = FakeTransport(after(60, refuse(500)))
    with pytest.raises(TeacherError, match=r"HTTP 500.*\(10 failures in a row\)"):
        run(tmp_path, SEEDS, transport, max_retries=0, concurrency=1)
    assert len(transport.bodies) == 60 + 10
    kept = shard(tmp_path).read_text()
    assert kept.count('"teacher_failed"') == 10
    rest = FakeTransport(moody)
    run(tmp_path, SEEDS, rest)
    assert tables(tmp_path) == tables(undisturbed)
    assert not {*rest.bodies} & {*transport.bodies[:60]}


def test_failures_with_a_success_between_them_do_not_stop_the_stage() -> None:
    calls = iter(range(10**6))
    script = Script(lambda prompt, sample: "Good." if next(calls) % 11 > 8 else down())
    evolved = asyncio.run(evolve(SEEDS, plan(), script, concurrency=1))
    rules = [record.rule for record in evolved.rejected]
    assert len(evolved.accepted) + len(rules) == len(ALL)
    assert rules.count("teacher_failed") > 50


def test_a_disk_that_fills_up_ends_the_stage_at_once() -> None:
    seen: list[object] = []

    def keep(attempt: object) -> None:
        seen.append(attempt)
        if len(seen) == 3:
            raise StorageError("disk full")

    with pytest.raises(StorageError, match="disk full"):
        asyncio.run(
            walk_all(
                SEEDS, plan(), [Script(lambda p, n: f"{p} more")], concurrency=1, on_attempt=keep
            )
        )
    assert len(seen) == 3


# Whatever a teacher may say

ANY_TEXT = st.text(st.characters(), max_size=40)
SAID = st.tuples(ANY_TEXT, st.sampled_from(["stop", "length", "content_filter"]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(SAID, min_size=1, max_size=6), instruction=ANY_TEXT)
def test_whatever_unicode_a_teacher_says_is_stored_or_rejected_and_none_is_lost(
    tmp_path: Path, texts: list[tuple[str, str]], instruction: str
) -> None:
    replies = [Said(*said) for said in texts]

    def reply(prompt: str, sample: int) -> Said:
        return replies[(len(prompt) + sample) % len(replies)]

    seeds = [seed(1, instruction), seed(2)]
    evolved = asyncio.run(evolve(seeds, plan(2), Script(reply)))
    assert len(evolved.accepted) + len(evolved.rejected) == 4
    assert stored(tmp_path, evolved) == evolved


def stored(folder: Path, evolved: Evolved) -> Evolved:
    """What comes back from the Parquet tables of an outcome."""
    paths: dict[type[Any], Path] = {
        Record: folder / "records.parquet",
        Rejected: folder / "rejected.parquet",
    }
    for (kind, path), rows in zip(paths.items(), evolved, strict=True):
        write_parquet(path, kind, rows)
    return Evolved(*(read_parquet(path, kind) for kind, path in paths.items()))


def test_the_cost_says_whether_the_price_was_known(tmp_path: Path) -> None:
    known = run(tmp_path / "known", SEEDS[:2], FakeTransport(moody))
    unknown = run(
        tmp_path / "unknown",
        SEEDS[:2],
        FakeTransport(moody),
        endpoint="https://elsewhere.example/v1",
        usd_per_million_prompt_tokens=None,
    )
    assert (known["cost"]["priced"], unknown["cost"]["priced"]) == (True, False)
