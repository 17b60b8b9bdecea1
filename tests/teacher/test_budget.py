"""Spent plus the worst case of what is in flight never exceeds a limit, and stopping is clean."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fault_server import Call, FaultServer, Reaction, chat, drop, fail, say, teaching
from wizardcoder import recipe
from wizardcoder.errors import BudgetError
from wizardcoder.teacher import Ledger
from wizardcoder.teacher.budget import Budget, Spent
from wizardcoder.teacher.ledger import Outcome


class Wish(NamedTuple):
    """A call that costs `cost` of at most `worst`, after `turns` of the event loop."""

    worst: int
    cost: int
    turns: int


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    worst = draw(st.integers(0, 20))
    return Wish(worst, draw(st.integers(0, worst)), draw(st.integers(0, 9)))


class Spending:
    """Calls made at once under a budget; `seen` holds spent + held after every step."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.seen: list[float] = []
        self.paid: list[Wish] = []
        self.refused: list[Wish] = []

    async def spend(self, wish: Wish) -> None:
        try:
            held = await self.budget.reserve(wish.worst, wish.worst)
        except BudgetError:
            self.refused.append(wish)
            return
        self._look()
        for _ in range(wish.turns):
            await asyncio.sleep(0)
        self.budget.settle(held, wish.cost, wish.cost)
        self.paid.append(wish)
        self._look()

    def all(self, calls: list[Wish]) -> Spending:
        async def work() -> None:
            await asyncio.wait_for(asyncio.gather(*map(self.spend, calls)), 10)

        asyncio.run(work())
        return self

    def _look(self) -> None:
        self.seen.append(self.budget.spent.usd + self.budget.held.usd)


def spending(calls: list[Wish], spent: Spent = Spent(), **limits: Any) -> Spending:  # noqa: B008
    return Spending(Budget(recipe.Budget(**limits), spent)).all(calls)


@given(st.lists(wishes(), max_size=30), st.integers(1, 60), st.integers(0, 60))
def test_spent_plus_the_worst_case_in_flight_never_exceeds_the_dollars(
    calls: list[Wish], limit: int, before: int
) -> None:
    before = min(before, limit)
    done = spending(calls, Spent(before, 0), max_usd=limit)
    assert max(done.seen, default=0) <= limit
    assert len(done.paid) + len(done.refused) == len(calls)
    assert done.budget.spent.usd == before + sum(wish.cost for wish in done.paid)


@given(st.lists(wishes(), max_size=30), st.integers(1, 60))
def test_it_never_exceeds_the_tokens_either(calls: list[Wish], limit: int) -> None:
    done = spending(calls, max_tokens=limit)
    assert max(done.seen, default=0) <= limit


@given(st.lists(wishes(), max_size=30), st.integers(1, 60))
def test_it_stops_only_when_a_call_could_not_be_paid_for(calls: list[Wish], limit: int) -> None:
    done = spending(calls, max_usd=limit)
    if done.refused:
        assert any(done.budget.spent.usd + wish.worst > limit for wish in done.refused)
    else:
        assert done.budget.ended_by is None


@given(st.lists(wishes(), max_size=30))
def test_nothing_is_held_when_nothing_is_in_flight(calls: list[Wish]) -> None:
    assert spending(calls, max_usd=40).budget.held == Spent(0, 0)


def test_a_call_waits_while_one_in_flight_may_turn_out_cheaper() -> None:
    done = spending([Wish(10, 1, 5), Wish(10, 1, 5)], max_usd=12)
    assert (len(done.paid), done.budget.spent.usd) == (2, 2)


def test_a_call_that_can_never_be_paid_for_does_not_wait() -> None:
    done = spending([Wish(1, 1, 1), Wish(13, 1, 1)], max_usd=12)
    assert done.refused == [Wish(13, 1, 1)]


def test_once_it_has_ended_cheaper_calls_are_refused_too() -> None:
    done = spending([Wish(13, 1, 0), Wish(1, 1, 0)], max_usd=12)
    assert len(done.refused) == 2


def test_a_limit_may_be_used_to_the_last_cent() -> None:
    assert spending([Wish(4, 4, 0)] * 3, max_usd=12).budget.spent.usd == 12


def test_what_an_earlier_command_has_in_flight_needs_no_room() -> None:
    budget = Budget(recipe.Budget(max_usd=10), Spent(9, 90))
    held = budget.adopt(8, 80)
    assert (budget.spent, budget.held) == (Spent(1, 10), Spent(8, 80))
    budget.settle(held, 2, 20)
    assert budget.spent == Spent(3, 30)


def test_the_message_says_limit_spent_and_what_is_kept() -> None:
    budget = Budget(recipe.Budget(max_usd=10), Spent(9, 90))
    with pytest.raises(BudgetError) as caught:
        asyncio.run(budget.reserve(2.5, 1))
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        "stopped by the budget, max_usd = 10: $9.0000 and 90 tokens are spent, and the next call "
        "may cost $2.5000; this command made 0 calls, and all that was answered is kept"
    )


# Hours


class Clock:
    """A clock that a test sets, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_no_call_begins_after_the_hours() -> None:
    clock = Clock()
    budget = Budget(recipe.Budget(max_hours=1), began=0.0, clock=clock)
    clock.now = 3599.0
    asyncio.run(budget.reserve(1, 1))
    clock.now = 3600.0
    with pytest.raises(BudgetError, match="max_hours = 1: "):
        asyncio.run(budget.reserve(1, 1))
    assert budget.ended_by == "max_hours"


def test_nobody_waits_longer_than_the_hours() -> None:
    budget = Budget(recipe.Budget(max_hours=0.1 / 3600))
    with pytest.raises(BudgetError, match="max_hours"):
        asyncio.run(budget.in_time(asyncio.sleep(60)))


def test_a_timeout_of_what_is_waited_for_is_not_the_budgets() -> None:
    async def late() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        asyncio.run(Budget(recipe.Budget(max_hours=1)).in_time(late()))


# With a teacher


class Asked:
    """Prompts asked at once under a budget, with what the server and the ledger saw."""

    def __init__(self, folder: Path, react: Any, count: int, budget: Budget, **changes: Any):
        self.error: BudgetError | None = None
        self.path = folder / "ledger.sqlite"
        with FaultServer(react) as server:
            self.server = server
            asyncio.run(self._ask(count, budget, changes))
        with Ledger(self.path) as ledger:
            self.totals, self.spent = ledger.totals(), ledger.spent()

    async def _ask(self, count: int, budget: Budget, changes: Any) -> None:
        try:
            async with teaching(
                self.server.endpoint, self.path, budget=budget, **changes
            ) as teacher:
                await asyncio.gather(*(teacher.ask(f"prompt {n}") for n in range(count)))
        except BudgetError as error:
            self.error = error


#: A call of `options` costs at most its bytes + 2 × 100 dollars.
WORST_USD = 400


def test_a_server_that_is_slow_and_moody_is_never_paid_more_than_the_limit(tmp_path: Path) -> None:
    dice = random.Random(4)

    def react(call: Call) -> Reaction:
        delay = dice.random() / 20
        match dice.randrange(8):
            case 0:
                return fail(429)
            case 1:
                return drop(paid=True)
            case _:
                return say("4", delay_seconds=delay)

    limit = 12 * WORST_USD
    budget = Budget(recipe.Budget(max_usd=limit))
    asked = Asked(tmp_path, react, 400, budget, max_retries=30, concurrency=64)
    assert asked.error is not None and asked.error.exit_code == 3
    assert asked.spent.usd <= limit
    assert asked.spent == budget.spent
    assert asked.totals.answered > 20
    assert asked.spent.usd + WORST_USD > limit / 2  # it did not stop early for nothing


def test_calls_in_flight_are_heard_and_kept_when_the_hours_end(tmp_path: Path) -> None:
    budget = Budget(recipe.Budget(max_hours=0.3 / 3600))
    asked = Asked(tmp_path, lambda call: say("4", delay_seconds=0.8), 8, budget, concurrency=4)
    assert asked.error is not None and "max_hours" in str(asked.error)
    assert (asked.totals.answered, asked.totals.maybe_paid, len(asked.server.calls)) == (4, 0, 4)


def test_an_answer_without_usage_costs_the_worst_case(tmp_path: Path) -> None:
    body = b'{"choices": [{"message": {"content": "4"}}]}'
    budget = Budget(recipe.Budget(max_usd=10_000))
    asked = Asked(tmp_path, lambda call: Reaction(body=body), 1, budget, max_tokens=7)
    size = len(asked.server.calls[0].body)
    assert asked.spent == budget.spent == Spent(size + 2 * 7, size + 7)


def test_what_is_in_the_ledger_costs_nothing_again(tmp_path: Path) -> None:
    Asked(tmp_path, lambda call: say("4"), 3, Budget(recipe.Budget(max_usd=10_000)))
    # the same server's address is part of the key: ask the ledger, not the server
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.spent() == Spent(3 * 20.0, 3 * 15)


# What a ledger says was spent


def test_a_lost_answers_tokens_are_the_worst_case(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        request = b'{"max_tokens": 50}'
        for status in ("maybe_paid", "refused", "failed"):
            row = await ledger.begin(status.encode(), "m", 0, request, 2.0)
            usd = 2.0 if status == "maybe_paid" else 0.0
            await ledger.end(row, Outcome(status, usd=usd), 0.1)

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        asyncio.run(work(ledger))
        assert ledger.spent() == Spent(2.0, len(b'{"max_tokens": 50}') + 50)
        assert ledger.spent(since=4e9) == Spent()


def test_chat_of_the_fault_server_costs_what_this_file_says() -> None:
    usage = chat("4")["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (10, 5)
