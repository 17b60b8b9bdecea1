"""Requests leave in order, no more at once than there is room for, and no faster than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clocks import TestClock
from wizardcoder.teacher.pacing import Pacing, Rate


class Door:
    """A pacing on a test clock, with the times at which requests left."""

    def __init__(self, width: int = 1000, **rates: Any) -> None:
        self.clock = TestClock(steps=max(20, 2 * min(width, 300)))
        self.pacing = Pacing(width, clock=self.clock, **rates)
        self.left_at: list[float] = []
        self._tasks: list[asyncio.Task[int]] = []

    def queue(self, count: int, tokens: float = 0.0) -> None:
        self._tasks += [asyncio.create_task(self._enter(tokens)) for _ in range(count)]

    async def _enter(self, tokens: float) -> int:
        number = await self.pacing.enter(tokens)
        self.left_at.append(self.clock.now())
        return number

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def at_door(play: Callable[[Door], Awaitable[None]], width: int = 1000, **rates: Any) -> Door:
    """A door after a play."""

    async def run() -> Door:
        door = Door(width, **rates)
        await play(door)
        await door.close()
        return door

    return asyncio.run(run())


def answer(door: Door, *numbers: int) -> None:
    for number in numbers:
        door.pacing.answered(number)
        door.pacing.leave(number)


def refuse(door: Door, number: int, wish_seconds: float | None = None) -> bool:
    all_wait = door.pacing.refused(number, wish_seconds)
    door.pacing.leave(number)
    return all_wait


# Rates


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(start <= time < start + 60 for time in times) for start in times)


def test_requests_leave_evenly_at_the_rate_that_is_allowed() -> None:
    async def play(door: Door) -> None:
        door.queue(500)
        await door.clock.run(120.0)

    left = at_door(play, requests_per_minute=120).left_at
    assert len(left) == pytest.approx(240, abs=2)
    gaps = [after - before for before, after in pairwise(left)]
    assert min(gaps) == pytest.approx(0.5, rel=0.01) and max(gaps) == pytest.approx(0.5, rel=0.01)
    assert most_in_a_minute(left) <= 120


def test_tokens_leave_at_the_rate_that_is_allowed() -> None:
    async def play(door: Door) -> None:
        door.queue(100, tokens=250.0)
        await door.clock.run(180.0)

    left = at_door(play, tokens_per_minute=1000).left_at
    assert len(left) == pytest.approx(12, abs=1)
    assert most_in_a_minute(left) * 250 <= 1000


def test_what_a_request_did_not_take_of_the_tokens_makes_room_for_the_next() -> None:
    async def play(door: Door) -> None:
        door.queue(2, tokens=1000.0)
        await door.clock.run(1.0)
        door.pacing.leave(1, more_tokens=-900.0)
        await door.clock.run(59.0)  # the one that waits finds out when its first wait is over
        door.queue(1, tokens=0.0)
        await door.clock.run(10.0)

    assert len(at_door(play, tokens_per_minute=1000).left_at) >= 2


@settings(deadline=None)
@given(
    per_minute=st.integers(1, 600),
    pauses=st.lists(st.floats(0, 30), min_size=1, max_size=200),
)
def test_no_minute_holds_more_than_a_rate_allows_however_late_the_requests_come(
    per_minute: int, pauses: list[float]
) -> None:
    now, times = 0.0, []
    rate = Rate(per_minute, now)
    for pause in pauses:
        now = max(now + pause, rate.ready_at)
        rate.take(1, now)
        times.append(now)
    assert most_in_a_minute(times) <= per_minute


# Room


def test_no_more_are_in_flight_than_there_is_room_for() -> None:
    async def play(door: Door) -> None:
        door.queue(10)
        await door.clock.run(1.0)
        assert len(door.left_at) == 4
        answer(door, 1, 2)
        await door.clock.run(1.0)

    assert len(at_door(play, width=4).left_at) == 6


def test_a_refusal_halves_the_room_once_for_all_that_had_left() -> None:
    async def play(door: Door) -> None:
        door.queue(64)
        await door.clock.run(1.0)
        for number in range(1, 65):
            refuse(door, number)

    assert at_door(play, width=64).pacing.room == 32


def test_room_comes_back_with_answers_to_what_left_after_the_refusal() -> None:
    async def play(door: Door) -> None:
        door.queue(2)
        await door.clock.run(1.0)
        refuse(door, 1)
        answer(door, 2)  # it had left before
        assert door.pacing.room == 32
        for number in range(3, 800):
            door.queue(1)
            await door.clock.run(0.1)
            answer(door, number)

    assert at_door(play, width=64).pacing.room == 64


def test_one_request_at_a_time_is_always_allowed() -> None:
    async def play(door: Door) -> None:
        for number in range(1, 20):
            door.queue(1)
            await door.clock.run(0.1)
            refuse(door, number)

    door = at_door(play, width=8)
    assert (door.pacing.room, len(door.left_at)) == (1, 19)


def test_room_settles_where_an_endpoint_takes_no_more() -> None:
    rooms: list[int] = []

    async def play(door: Door) -> None:
        door.queue(3000)
        done = 0
        for _ in range(60):  # rounds of a server that takes 20 at once and refuses the rest
            await door.clock.run(1.0)
            flying = range(done + 1, len(door.left_at) + 1)
            answer(door, *flying[:20])
            for number in flying[20:]:
                refuse(door, number)
            done = len(door.left_at)
            rooms.append(door.pacing.room)

    at_door(play, width=256)
    assert min(rooms[10:]) >= 10 and max(rooms[10:]) <= 40


# The endpoint


def test_a_pause_that_the_endpoint_asks_for_holds_everybody() -> None:
    async def play(door: Door) -> None:
        door.queue(3)
        await door.clock.run(1.0)
        assert refuse(door, 1, wish_seconds=7.0)
        answer(door, 2, 3)
        door.queue(3)
        await door.clock.run(20.0)

    assert at_door(play, width=8).left_at[3:] == [8.0, 8.0, 8.0]


def test_rare_refusals_of_an_endpoint_that_answers_well_hold_only_the_one_refused() -> None:
    async def play(door: Door) -> None:
        for number in range(1, 201):
            door.queue(1)
            await door.clock.run(0.01)
            answer(door, number)
        door.queue(1)
        await door.clock.run(0.01)
        assert not refuse(door, 201, wish_seconds=7.0)

    assert at_door(play, width=64).pacing.room == 64


# An outage


def fail_in_a_row(door: Door, count: int, *, first: int = 1, blameless: bool = True) -> None:
    for number in range(first, first + count):
        key = b"same" if not blameless else b"%d" % number
        door.pacing.health.failed(number, key, blameless=blameless, wish_seconds=None)
        door.pacing.leave(number)


def test_while_it_is_down_one_request_at_a_time_asks_whether_it_is_back() -> None:
    async def play(door: Door) -> None:
        door.queue(8)
        await door.clock.run(1.0)
        fail_in_a_row(door, 8)
        door.queue(20)
        await door.clock.run(60.0)
        assert len(door.left_at) == 9
        answer(door, 9)
        await door.clock.run(0.0)
        assert len(door.left_at) == 9 + 8

    at_door(play, width=8)


def test_probes_come_ever_later_up_to_a_quarter_of_a_minute() -> None:
    async def play(door: Door) -> None:
        door.queue(5)
        await door.clock.run(0.0)
        fail_in_a_row(door, 5)
        for number in range(6, 16):
            door.queue(1)
            await door.clock.run(15.0)
            fail_in_a_row(door, 1, first=number)

    left = at_door(play, width=8).left_at
    assert left[5] == 0.5
    assert [after - before for before, after in pairwise(left[10:])] == [15] * 4


def test_a_request_that_fails_again_and_again_is_no_outage() -> None:
    async def play(door: Door) -> None:
        door.queue(20)
        await door.clock.run(0.0)
        fail_in_a_row(door, 20, blameless=False)

    assert not at_door(play, width=32).pacing.health.down


def test_an_answer_between_them_makes_failures_start_anew() -> None:
    async def play(door: Door) -> None:
        door.queue(9)
        await door.clock.run(0.0)
        fail_in_a_row(door, 4)
        answer(door, 5)
        fail_in_a_row(door, 4, first=6)

    assert not at_door(play, width=16).pacing.health.down


def test_patience_ends() -> None:
    async def play(door: Door) -> None:
        door.queue(5)
        await door.clock.run(0.0)
        fail_in_a_row(door, 5)
        await door.clock.run(599.0)
        assert not door.pacing.health.hopeless
        await door.clock.run(2.0)

    assert at_door(play, patience_seconds=600.0).pacing.health.hopeless
