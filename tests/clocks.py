"""A clock for tests: time passes only when everybody waits, and then at once."""

from __future__ import annotations

import asyncio
import heapq


class TestClock:
    """Seconds since it was made; whoever sleeps is woken in the order of the wake-up times.

    `steps`: turns of the loop in which everything that does not wait gets done.
    """

    __test__ = False

    def __init__(self, steps: int = 20) -> None:
        self._steps = steps
        self._now = 0.0
        self._count = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._now + seconds, self._count, woken))
        await woken

    async def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self._now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._now = end

    async def _settle(self) -> None:
        for _ in range(self._steps):
            await asyncio.sleep(0)
