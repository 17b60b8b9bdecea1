"""Whether an endpoint is there: told by failures in a row, and found out by one request at a time.

An endpoint is down when five different requests have failed with no answer between them. A request
that fails again and again is one request; a refusal because there are too many, and a connection
that nobody takes, say something about the endpoint however few requests hear them.
"""

from __future__ import annotations

from collections.abc import Callable

#: Different failures with no answer between them after which an endpoint is down.
DOWN_AFTER = 5
_LONGEST_PROBE_PAUSE_SECONDS = 15.0


class Health:
    """The state of one endpoint. `now` tells seconds. Requests are told apart by number and key."""

    def __init__(self, now: Callable[[], float], patience_seconds: float) -> None:
        self._now = now
        self._patience_seconds = patience_seconds
        self._failures: set[object] = set()
        self._failing_since = 0.0
        self._probes = 0
        self._probe: int | None = None
        self.down = False
        self.probe_at = 0.0

    @property
    def probing(self) -> bool:
        """Whether a request is on its way to find out."""
        return self._probe is not None

    @property
    def down_seconds(self) -> float:
        """How long nothing has been answered; 0 while the endpoint is there."""
        return self._now() - self._failing_since if self.down else 0.0

    @property
    def hopeless(self) -> bool:
        """Whether it has been down for longer than one has patience."""
        return self.down_seconds > self._patience_seconds

    def sent(self, number: int) -> None:
        """A request has left: while the endpoint is down, it is the one that finds out."""
        if self.down:
            self._probe = number

    def left(self, number: int) -> None:
        """A request has ended, one way or another."""
        if number == self._probe:
            self._probe = None

    def answered(self) -> None:
        """Something was answered: the endpoint is there."""
        if self._failures:
            self._failures.clear()
            self.down, self._probes = False, 0

    def failed(
        self, number: int, key: bytes, *, blameless: bool, wish_seconds: float | None
    ) -> None:
        """A request has failed. `blameless`: no request would have fared better."""
        if not self._failures:
            self._failing_since = self._now()
        if not self.down:
            self._failures.add(number if blameless else key)
            self.down = len(self._failures) >= DOWN_AFTER
        elif number != self._probe:
            return  # it left before the endpoint was known to be down
        else:
            self._probes += 1
        pause = min(_LONGEST_PROBE_PAUSE_SECONDS, 2.0 ** min(self._probes, 9) / 2)
        pause = pause if wish_seconds is None else wish_seconds
        self.probe_at = self._now() + (0.0 if self.hopeless else pause)
