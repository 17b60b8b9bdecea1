"""By batches: collected, answered at half the price, and whatever goes wrong, paid for once."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.batch_server import ANSWER_USD, BatchServer, Fate, Mishap, batching
from tests.fault_server import Call, Reaction, fail, say, teaching
from wizardcoder import recipe
from wizardcoder.errors import BudgetError, TeacherAccessError, TeacherError, UsageError
from wizardcoder.teacher import Ledger, LedgerTotals, Reply, open_batches
from wizardcoder.teacher.budget import Budget

PROMPTS = tuple(f"{number} + {number}?" for number in range(12))


def add(call: Call) -> Reaction:
    """The sum that a prompt asks for."""
    return say(str(2 * int(call.prompt.split()[0])))


SUMS = [str(2 * number) for number in range(12)]


class Asked:
    """Asks a batch server all prompts at once, and keeps all there is to see."""

    def __init__(
        self,
        folder: Path,
        react: Callable[[Call], Reaction] = add,
        prompts: Sequence[str] = PROMPTS,
        *,
        client: dict[str, Any] | None = None,
        **server: Any,
    ) -> None:
        self.path = folder / "ledger.sqlite"
        self.replies: list[Reply] = []
        self.error: TeacherError | None = None
        with BatchServer(react, **server) as self.server:
            self.endpoint = self.server.endpoint
            asyncio.run(self._ask(prompts, client or {}))

    async def _ask(self, prompts: Sequence[str], client: dict[str, Any]) -> None:
        async with batching(self.endpoint, self.path, **client) as teacher:
            try:
                self.replies = await asyncio.gather(*(teacher.ask(p) for p in prompts))
            except TeacherError as error:
                self.error = error
            self.totals: LedgerTotals = teacher.ledger.totals()

    @property
    def texts(self) -> list[str]:
        return [reply.text for reply in self.replies]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(query).fetchall()


def test_all_that_is_asked_at_once_is_answered_by_one_batch(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    assert (asked.texts, asked.server.sizes, asked.server.turns["upload"]) == (SUMS, [12], 1)


def test_the_ledger_says_half_the_price_which_is_what_is_billed(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    assert asked.totals.usd == pytest.approx(12 * ANSWER_USD)
    assert asked.totals.usd == pytest.approx(asked.server.billed_usd)


def test_the_worst_case_is_half_the_price_too(tmp_path: Path) -> None:
    asked = Asked(tmp_path, prompts=PROMPTS[:1], fates=[Fate(output=lambda lines: [])])
    body = next(iter(asked.server.paid))
    worst = 0.5 * (len(body) * 1 + 100 * 2)
    assert asked.rows("SELECT usd FROM calls WHERE status='maybe_paid'") == [(worst,)]


def test_the_ledger_knows_how_its_batches_ended(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    batches = asked.rows("SELECT batch_id, status, requests, ended_at > created_at FROM batches")
    assert batches == [("batch_0", "completed", 12, 1)]
    assert open_batches(asked.path) == []


def test_results_may_come_in_any_order(tmp_path: Path) -> None:
    def shuffled(lines: list[bytes]) -> list[bytes]:
        return random.Random(1).sample(lines, len(lines))

    assert Asked(tmp_path, fates=[Fate(output=shuffled)]).texts == SUMS


def test_redraws_of_a_request_are_different_lines(tmp_path: Path) -> None:
    async def ask(endpoint: str) -> list[str]:
        async with batching(endpoint, tmp_path / "l.sqlite") as teacher:
            asked = (teacher.ask("1 + 1?", sample=sample) for sample in range(3))
            return [reply.text for reply in await asyncio.gather(*asked)]

    with BatchServer(lambda call: say(str(call.turn))) as server:
        assert sorted(asyncio.run(ask(server.endpoint))) == ["1", "2", "3"]
        assert server.sizes == [3]


def test_more_than_one_batch_holds_travel_in_several(tmp_path: Path) -> None:
    asked = Asked(tmp_path, client={"most_requests": 5})
    assert (asked.texts, sorted(asked.server.sizes)) == (SUMS, [2, 5, 5])


def test_no_file_is_larger_than_the_provider_takes(tmp_path: Path) -> None:
    asked = Asked(tmp_path, client={"most_bytes": 1500})
    assert asked.texts == SUMS
    assert len(asked.server.uploaded_bytes) > 1
    assert max(asked.server.uploaded_bytes) <= 1500


def test_the_key_travels_in_the_header_and_is_in_no_file(tmp_path: Path) -> None:
    key = "sk-secret-0123456789"
    asked = Asked(tmp_path, lambda call: say(f"You said {key}"), client={"api_key": key})
    assert asked.texts == ["You said [key]"] * 12
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not [path for path in files if key.encode() in path.read_bytes()]


# Single requests


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_request_that_met_something_transient_travels_again(tmp_path: Path, status: int) -> None:
    def react(call: Call) -> Reaction:
        return fail(status) if call.turn == 1 and call.prompt in PROMPTS[3:5] else add(call)

    asked = Asked(tmp_path, react)
    assert (asked.texts, asked.server.sizes) == (SUMS, [12, 2])
    assert (asked.totals.answered, asked.totals.refused) == (12, 2)


def test_a_request_that_is_refused_fails_alone(tmp_path: Path) -> None:
    def react(call: Call) -> Reaction:
        return fail(400, "too long") if call.prompt == PROMPTS[3] else add(call)

    asked = Asked(tmp_path, react)
    assert "too long" in str(asked.error)
    assert (asked.totals.answered, asked.totals.refused) == (11, 1)


def test_a_request_that_no_line_answers_may_have_been_paid_and_travels_again(
    tmp_path: Path,
) -> None:
    asked = Asked(tmp_path, fates=[Fate(output=lambda lines: lines[2:])])
    assert (asked.texts, asked.server.sizes) == (SUMS, [12, 2])
    assert (asked.totals.answered, asked.totals.maybe_paid) == (12, 2)
    assert asked.rows("SELECT note FROM batches")[0] == ("2 × requests without an answer",)


def test_lines_that_make_no_sense_are_counted_and_do_no_harm(tmp_path: Path) -> None:
    def spoil(lines: list[bytes]) -> list[bytes]:
        stranger = {**json.loads(lines[0]), "custom_id": "ab" * 32}
        odd = [b'{"custom_id": "x', b"[]", b'{"custom_id": 7}', b"", json.dumps(stranger).encode()]
        return [*odd, *lines[1:], lines[3]]

    asked = Asked(tmp_path, fates=[Fate(output=spoil)])
    assert asked.texts == SUMS
    assert asked.rows("SELECT note FROM batches")[0] == (
        (
            "3 × lines that cannot be read; 1 × lines about requests that were not made; "
            "1 × requests without an answer"
        ),
    )


# Batches that end otherwise


def test_what_an_expired_batch_has_answered_is_used_and_the_rest_travels_again(
    tmp_path: Path,
) -> None:
    asked = Asked(tmp_path, fates=[Fate(status="expired", executed=7)])
    assert (asked.texts, asked.server.sizes) == (SUMS, [12, 5])
    assert (asked.totals.answered, asked.totals.refused, asked.totals.maybe_paid) == (12, 5, 0)
    assert asked.totals.usd == pytest.approx(asked.server.billed_usd)


def test_an_expired_batch_need_not_say_what_it_did_not_come_to(tmp_path: Path) -> None:
    fate = Fate(status="expired", executed=7, unexecuted_listed=False)
    asked = Asked(tmp_path, fates=[fate])
    assert (asked.texts, asked.totals.maybe_paid) == (SUMS, 0)


@pytest.mark.parametrize("listed", [True, False])
def test_what_somebody_has_cancelled_is_not_sent_again_by_itself(
    tmp_path: Path, listed: bool
) -> None:
    fate = Fate(status="cancelled", executed=7, unexecuted_listed=listed)
    asked = Asked(tmp_path, fates=[fate])
    assert "cancelled" in str(asked.error)
    assert (asked.totals.answered, asked.totals.refused, asked.server.sizes) == (7, 5, [12])


def test_a_batch_that_fails_says_why_and_costs_nothing(tmp_path: Path) -> None:
    fault = {"code": "invalid_request", "message": "This account has no batches.", "line": None}
    asked = Asked(tmp_path, fates=[Fate(status="failed", faults=[fault])])
    assert "batch batch_0 failed: invalid_request: This account has no batches." in str(asked.error)
    assert (asked.totals.usd, asked.server.paid.total()) == (0.0, 0)


def test_a_batch_that_fails_for_one_of_its_lines_goes_again_without_it(tmp_path: Path) -> None:
    fault = {"code": "invalid_request", "message": "Too many tokens.", "line": 3}
    asked = Asked(tmp_path, fates=[Fate(status="failed", faults=[fault])])
    assert "Too many tokens." in str(asked.error)
    assert (asked.totals.answered, asked.server.sizes) == (0, [12])


def test_an_unknown_model_stops_at_once_with_one_line(tmp_path: Path) -> None:
    fault = {"code": "model_not_found", "message": "The model 'm' does not exist", "line": None}
    asked = Asked(tmp_path, fates=[Fate(status="failed", faults=[fault])])
    assert isinstance(asked.error, TeacherAccessError)
    assert "The model 'm' does not exist" in str(asked.error)
    assert "\n" not in str(asked.error)


def test_where_the_queue_is_full_a_batch_waits_until_another_has_ended(tmp_path: Path) -> None:
    asked = Asked(tmp_path, most_enqueued=5, client={"most_requests": 5})
    assert asked.texts == SUMS
    assert max(asked.server.sizes) <= 5
    assert asked.totals.calls == asked.totals.answered == 12


def test_a_batch_larger_than_the_queue_is_split(tmp_path: Path) -> None:
    asked = Asked(tmp_path, most_enqueued=4)
    assert asked.texts == SUMS
    assert asked.server.paid.total() == 12
    assert asked.totals.calls == asked.totals.answered == 12


# An API that misbehaves


def once(step: str, **mishap: Any) -> Callable[[str, int], Mishap | None]:
    return lambda at, turn: Mishap(**mishap) if (at, turn) == (step, 1) else None


@pytest.mark.parametrize("step", ["upload", "create", "look", "read"])
@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 502}, {"drop": True}])
def test_an_outage_between_any_two_steps_costs_nothing(
    tmp_path: Path, step: str, carried_out: bool, trouble: dict[str, Any]
) -> None:
    asked = Asked(tmp_path, mishap=once(step, carried_out=carried_out, **trouble))
    assert (asked.texts, len(asked.server.batches)) == (SUMS, 1)
    assert (asked.totals.calls, asked.totals.usd) == (12, asked.server.billed_usd)


def test_too_many_requests_are_made_again_later(tmp_path: Path) -> None:
    asked = Asked(
        tmp_path,
        mishap=lambda step, turn: Mishap(carried_out=False, status=429) if turn <= 2 else None,
    )
    assert (asked.texts, len(asked.server.batches)) == (SUMS, 1)


def test_a_file_of_results_that_breaks_off_is_read_again(tmp_path: Path) -> None:
    asked = Asked(tmp_path, mishap=once("read", carried_out=True, drop=True, cut_bytes=700))
    assert (asked.texts, asked.totals.maybe_paid, asked.server.turns["read"]) == (SUMS, 0, 2)


def test_a_batch_whose_creation_was_not_heard_is_found_among_many(tmp_path: Path) -> None:
    mishap = once("create", carried_out=True, drop=True)
    asked = Asked(tmp_path, mishap=mishap, client={"most_requests": 3}, page=1)
    assert (asked.texts, sum(asked.server.sizes)) == (SUMS, 12)
    assert asked.server.paid.total() == 12


@pytest.mark.parametrize("step", ["upload", "create"])
def test_a_wrong_key_stops_at_once_with_one_line(tmp_path: Path, step: str) -> None:
    asked = Asked(tmp_path, mishap=once(step, carried_out=False, status=401))
    assert isinstance(asked.error, TeacherAccessError)
    assert "refused the key" in str(asked.error)
    assert asked.rows("SELECT status FROM batches") == [("dropped",)]


def test_an_endpoint_without_a_batch_api_is_told_so(tmp_path: Path) -> None:
    mishap = once("upload", carried_out=False, status=404)
    assert "set teacher.batch = false" in str(Asked(tmp_path, mishap=mishap).error)


def test_a_batch_that_the_provider_does_not_know_is_not_sent_again(tmp_path: Path) -> None:
    asked = Asked(tmp_path, mishap=once("look", carried_out=False, status=404))
    assert isinstance(asked.error, TeacherAccessError)
    assert "batch batch_0 goes on at" in str(asked.error)
    assert (len(asked.server.batches), len(open_batches(asked.path))) == (1, 1)


def test_a_provider_that_lists_no_batches_leaves_what_may_have_been_paid(tmp_path: Path) -> None:
    def mishap(step: str, turn: int) -> Mishap | None:
        if step == "list":
            return Mishap(carried_out=False, status=405)
        return Mishap(carried_out=True, drop=True) if (step, turn) == ("create", 1) else None

    asked = Asked(tmp_path, mishap=mishap)
    assert (asked.texts, asked.totals.maybe_paid) == (SUMS, 12)


def test_an_endpoint_that_is_not_there_was_not_paid(tmp_path: Path) -> None:
    async def ask() -> LedgerTotals:
        endpoint = "http://127.0.0.1:9/v1"
        async with batching(endpoint, tmp_path / "l.sqlite") as teacher:
            with pytest.raises(TeacherAccessError, match=r"cannot be reached.*is it running"):
                await teacher.ask("2 + 2?")
            return teacher.ledger.totals()

    assert asyncio.run(ask()).usd == 0.0


# Going on


async def leave_open(
    endpoint: str, ledger: Path, prompts: Sequence[str] = PROMPTS, **client: Any
) -> None:
    """Ask, and leave as soon as the batch is known to be at work, as Ctrl-C does."""
    async with batching(endpoint, ledger, **client) as teacher:
        asking = [asyncio.create_task(teacher.ask(prompt)) for prompt in prompts]
        while not any(b.status == "in_progress" for b in open_batches(ledger)):
            await asyncio.sleep(0.01)
        for task in asking:
            task.cancel()


LONG = [Fate(looks=10)]


def test_a_batch_that_was_left_open_is_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"

    async def ask(endpoint: str) -> tuple[list[str], LedgerTotals]:
        await leave_open(endpoint, path)
        [left] = open_batches(path)
        assert (left.batch_id, left.requests) == ("batch_0", 12)
        async with batching(endpoint, path) as teacher:
            replies = await asyncio.gather(*(teacher.ask(prompt) for prompt in PROMPTS))
            return [reply.text for reply in replies], teacher.ledger.totals()

    with BatchServer(add, fates=LONG) as server:
        texts, totals = asyncio.run(ask(server.endpoint))
        assert (texts, server.sizes, server.paid.total()) == (SUMS, [12], 12)
    assert (totals.calls, totals.answered, totals.usd) == (12, 12, pytest.approx(12 * ANSWER_USD))


def test_the_answers_of_a_batch_are_kept_though_nobody_asks_for_them_any_more(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite"

    async def ask(endpoint: str) -> LedgerTotals:
        await leave_open(endpoint, path)
        async with batching(endpoint, path) as teacher:
            await teacher.ask("100 + 100?")
            while open_batches(path):
                await asyncio.sleep(0.01)
            return teacher.ledger.totals()

    with BatchServer(add, fates=LONG) as server:
        assert asyncio.run(ask(server.endpoint)).answered == 13
        assert server.paid.total() == 13


def test_a_teacher_without_batches_does_not_pay_again_for_what_travels(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"

    async def ask(endpoint: str) -> None:
        await leave_open(endpoint, path)
        with pytest.raises(TeacherAccessError, match=r"set teacher\.batch = true"):
            async with teaching(endpoint, path):
                pass

    with BatchServer(add, fates=LONG) as server:
        asyncio.run(ask(server.endpoint))


def test_a_batch_that_goes_on_holds_its_room_in_the_budget(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"

    async def ask(endpoint: str) -> Budget:
        await leave_open(endpoint, path, PROMPTS[:3])
        with Ledger(path) as ledger:
            spent = ledger.spent()
        budget = Budget(recipe.Budget(max_usd=3.5 * spent.usd / 3), spent)
        async with batching(endpoint, path, budget=budget) as teacher:
            await asyncio.gather(*(teacher.ask(prompt) for prompt in PROMPTS[2:5]))
        return budget

    with BatchServer(add, fates=LONG) as server:
        budget = asyncio.run(ask(server.endpoint))
        assert budget.spent.usd == pytest.approx(server.billed_usd) == 5 * ANSWER_USD


def test_a_budget_that_is_used_up_leaves_what_was_answered(tmp_path: Path) -> None:
    async def ask(endpoint: str) -> LedgerTotals:
        budget = Budget(recipe.Budget(max_usd=400.0))
        async with batching(endpoint, tmp_path / "l.sqlite", budget=budget) as teacher:
            with pytest.raises(BudgetError):
                await asyncio.gather(*(teacher.ask(f"{n} + {n}?") for n in range(60)))
            while open_batches(tmp_path / "l.sqlite"):
                await asyncio.sleep(0.01)
            return teacher.ledger.totals()

    with BatchServer(add) as server:
        totals = asyncio.run(ask(server.endpoint))
        assert 0 < server.billed_usd == pytest.approx(totals.usd)
        assert totals.usd <= 400.0


def test_a_batch_that_is_abandoned_may_have_been_paid_and_is_asked_for_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite"

    async def ask(endpoint: str) -> LedgerTotals:
        await leave_open(endpoint, path)
        with Ledger(path) as ledger:
            with pytest.raises(UsageError, match=r"no open batch 'batch_7'"):
                ledger.abandon_batch("batch_7")
            assert ledger.abandon_batch("batch_0") == 12
        async with batching(endpoint, path) as teacher:
            await asyncio.gather(*(teacher.ask(prompt) for prompt in PROMPTS))
            return teacher.ledger.totals()

    with BatchServer(add, fates=LONG) as server:
        totals = asyncio.run(ask(server.endpoint))
        assert (totals.answered, totals.maybe_paid, server.sizes) == (12, 12, [12, 12])


def test_a_ledger_from_before_there_were_batches_gets_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP INDEX batched; DROP INDEX queued; DROP TABLE batches;"
            "ALTER TABLE calls DROP COLUMN batch;"
        )
    assert open_batches(path) == []
    assert Asked(tmp_path).texts == SUMS


def test_a_batch_that_waited_for_room_when_it_was_left_is_sent_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"

    async def ask(endpoint: str) -> LedgerTotals:
        for _ in range(3):
            await leave_open(endpoint, path, most_requests=5)
        async with batching(endpoint, path, most_requests=5) as teacher:
            await asyncio.gather(*(teacher.ask(prompt) for prompt in PROMPTS))
            return teacher.ledger.totals()

    with BatchServer(add, most_enqueued=5, fates=[Fate(looks=9)] * 40) as server:
        totals = asyncio.run(ask(server.endpoint))
        assert (server.paid.total(), max(server.paid.values())) == (12, 1)
    assert (totals.answered, totals.maybe_paid) == (12, 0)
