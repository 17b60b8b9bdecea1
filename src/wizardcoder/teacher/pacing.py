"""When the next request may leave: one door that every request to an endpoint goes through.

    number = await pacing.enter(tokens)     in order; waits for room, rates and the endpoint
    pacing.leave(number)                    ends it

Room: at most `width` requests in flight, fewer while the endpoint says that it is too much: half as
many at each refusal, growing again with the answers. Rates: requests and tokens per minute, evenly
spaced. The endpoint: a pause that it asks for holds everybody, and while it is down one request at
a time finds out whether it is back (`health`).
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Protocol

from wizardcoder.teacher.health import Health

#: Lost time that a rate makes up for by sending sooner.
CATCH_UP_SECONDS = 0.25
#: Refusals rarer than this, of all answers of late, concern the refused request alone.
RARE_REFUSALS = 0.1
_OF_LATE = 1 / 50  # the weight of the newest answer
#: What an endpoint gets back in each round of answers after refusing: this share of the width.
_GROWTH = 1 / 16


class Clock(Protocol):
    """Tells seconds and waits them."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class WallClock:
    """The clock of this machine."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Rate:
    """So much per minute, evenly spaced: no minute ever holds more.

    What leaves moves `ready_at`, when the next one may, by its share of a minute.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self._seconds_each = (60 + CATCH_UP_SECONDS) / per_minute
        self.ready_at = now

    def take(self, amount: float, now: float) -> None:
        """Count what leaves now."""
        self.ready_at = max(self.ready_at, now - CATCH_UP_SECONDS) + amount * self._seconds_each

    def correct(self, amount: float) -> None:
        """Count so much more, or less, than was taken."""
        self.ready_at += amount * self._seconds_each


class Pacing:
    """The door to one endpoint. It belongs to the event loop that uses it."""

    def __init__(
        self,
        width: int,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        patience_seconds: float = math.inf,
        clock: Clock,
    ) -> None:
        now = clock.now()
        self.health = Health(clock.now, patience_seconds)
        self._clock = clock
        self._width = width
        self._room = float(width)
        self._in_flight = 0
        self._sent = 0
        self._halved_at = 0
        self._refusals = 1.0  # the share of late: who is not known yet gets no benefit of doubt
        self._resume_at = now
        self._requests = Rate(requests_per_minute, now) if requests_per_minute else None
        self._tokens = Rate(tokens_per_minute, now) if tokens_per_minute else None
        self._door = asyncio.Lock()
        self._left = asyncio.Event()

    @property
    def room(self) -> int:
        """How many requests may be in flight now."""
        return max(1, int(self._room))

    async def enter(self, tokens: float) -> int:
        """Wait for one's turn and take it, with so many tokens; returns the request's number."""
        async with self._door:
            while True:
                while not self._has_room():
                    self._left.clear()
                    await self._left.wait()
                if (pause := self._ready_at() - self._clock.now()) <= 0:
                    break
                await self._clock.sleep(pause)
            return self._take(tokens)

    def leave(self, number: int, more_tokens: float = 0.0) -> None:
        """End request `number`, which took so many more tokens than it entered with."""
        self._in_flight -= 1
        if self._tokens is not None:
            self._tokens.correct(more_tokens)
        self.health.left(number)
        self._left.set()

    def answered(self, number: int) -> None:
        """The endpoint has answered a request: there may be room for more."""
        self._refusals *= 1 - _OF_LATE
        self.health.answered()
        if self._room < self._width and number > self._halved_at:
            self._room = min(self._width, self._room + _GROWTH * self._width / self._room)

    def refused(self, number: int, wish_seconds: float | None) -> bool:
        """The endpoint has refused a request because there are too many.

        Returns whether all wait for that, not only the one refused.
        """
        self._refusals += (1 - self._refusals) * _OF_LATE
        if self._refusals < RARE_REFUSALS:
            return False
        if number > self._halved_at:  # once for all that had left before this was known
            self._halved_at = self._sent
            self._room = max(1.0, self._room / 2)
        self._resume_at = max(self._resume_at, self._clock.now() + (wish_seconds or 0.0))
        return True

    def _has_room(self) -> bool:
        if self.health.down:
            return not self.health.probing and self._in_flight < self._width
        return self._in_flight < self.room

    def _ready_at(self) -> float:
        rates = [rate.ready_at for rate in (self._requests, self._tokens) if rate is not None]
        endpoint = self.health.probe_at if self.health.down else self._resume_at
        return max(endpoint, *rates) if rates else endpoint

    def _take(self, tokens: float) -> int:
        now = self._clock.now()
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)
        self._in_flight += 1
        self._sent += 1
        self.health.sent(self._sent)
        return self._sent
