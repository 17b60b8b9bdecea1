"""The budget: how much a command may still pay for, counting what is on its way.

    held = await budget.reserve(worst_usd, worst_tokens)    before a request is sent
    budget.settle(held, usd, tokens)                        when it is known what it cost

At every moment what is spent plus the worst case of what is in flight stays within the limits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn, TypeVar

from wizardcoder import recipe
from wizardcoder.errors import BudgetError

T = TypeVar("T")


class Spent(NamedTuple):
    """Dollars, and prompt and completion tokens together."""

    usd: float = 0.0
    tokens: int = 0


class Reservation(NamedTuple):
    """The worst case of one request in flight. It has to be settled, whatever comes of it."""

    usd: float
    tokens: int


class Budget:
    """The limits of `[budget]` for one command, and what of them is used.

    `spent` was paid before; `began` is when the hours began, in seconds of `clock`; None: now. One
    budget serves several teachers; it stays with the event loop that uses it.
    """

    def __init__(
        self,
        limits: recipe.Budget,
        spent: Spent = Spent(),  # noqa: B008
        *,
        began: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits
        self._spent = spent
        self._held = Spent()
        self._in_flight = 0
        self._settled = 0
        self._stopped: str | None = None
        self._ended_by: str | None = None
        self._needed = 0.0
        self._changed = asyncio.Event()
        self._clock = clock
        began = clock() if began is None else began
        self._deadline = None if limits.max_hours is None else began + 3600 * limits.max_hours

    @property
    def spent(self) -> Spent:
        """What was paid before and since; nothing that is still in flight."""
        return self._spent

    @property
    def held(self) -> Spent:
        """The worst case of all that is in flight."""
        return self._held

    @property
    def ended_by(self) -> str | None:
        """The limit that ended it: `max_usd`, `max_tokens` or `max_hours`; None: it has not."""
        return self._ended_by

    @property
    def needed(self) -> float:
        """What the limit that ended it would have to be for the call that it refused; 0: hours."""
        return self._needed

    async def reserve(self, usd: float, tokens: int) -> Reservation:
        """Room for a request that costs at most so much.

        Waits while what is in flight may turn out cheap enough to make room. Raises BudgetError
        when it cannot, and for every request after that.
        """
        while not self._fits(usd, tokens):
            await self._changed.wait()
        return self._hold(usd, tokens)

    def adopt(self, usd: float, tokens: int) -> Reservation:
        """The reservation of a request that an earlier command has sent and nobody has answered.

        It is paid for whatever happens now, so it needs no room: its worst case was in `spent`.
        """
        self._spent = Spent(self._spent.usd - usd, self._spent.tokens - tokens)
        return self._hold(usd, tokens)

    def settle(self, reservation: Reservation, usd: float, tokens: int) -> None:
        """Give the room back and count what the request cost in fact."""
        self._spent = Spent(self._spent.usd + usd, self._spent.tokens + tokens)
        self._in_flight -= 1
        self._settled += 1
        self._held = Spent(self._held.usd - reservation.usd, self._held.tokens - reservation.tokens)
        if not self._in_flight:
            self._held = Spent()  # no rest of the subtractions
        self._wake()

    async def idle(self, timeout_seconds: float) -> None:
        """Return when nothing is in flight, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while self._in_flight:
                    await self._changed.wait()

    async def in_time(self, waiting: Awaitable[T]) -> T:
        """What is waited for. Raises BudgetError when the hours end first."""
        if self._deadline is None:
            return await waiting
        try:
            async with asyncio.timeout(self._deadline - self._clock()) as limit:
                return await waiting
        except TimeoutError:
            if limit.expired():
                self._stop("max_hours", self._used())
            raise

    def _hold(self, usd: float, tokens: int) -> Reservation:
        self._held = Spent(self._held.usd + usd, self._held.tokens + tokens)
        self._in_flight += 1
        return Reservation(usd, tokens)

    def _fits(self, usd: float, tokens: int) -> bool:
        """Whether there is room now. Raises BudgetError when there will be none."""
        if self._stopped is not None:
            raise BudgetError(self._stopped)
        if self._deadline is not None and self._clock() >= self._deadline:
            self._stop("max_hours", self._used())
        spent, held = self._spent, self._held
        return self._has_room(
            "max_usd", spent.usd, held.usd, usd, f"the next call may cost ${usd:,.4f}"
        ) and self._has_room(
            "max_tokens", spent.tokens, held.tokens, tokens, f"the next call may take {tokens:,}"
        )

    def _has_room(self, name: str, spent: float, held: float, worst: float, next_call: str) -> bool:
        limit = getattr(self._limits, name)
        if limit is None or spent + held + worst <= limit:
            return True
        if spent + worst > limit or not self._in_flight:
            self._needed = spent + worst
            self._stop(name, f"{self._used()}, and {next_call}")
        return False

    def _used(self) -> str:
        return f"${self._spent.usd:,.4f} and {self._spent.tokens:,} tokens are spent"

    def _stop(self, name: str, why: str) -> NoReturn:
        """End it for all, those who wait included: nothing new may be sent after this."""
        if self._stopped is None:
            self._ended_by = name
            self._stopped = (
                f"stopped by the budget, {name} = {getattr(self._limits, name):.15g}: {why}; this "
                f"command made {self._settled:,} calls, and all that was answered is kept"
            )
            self._wake()
        raise BudgetError(self._stopped)

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
