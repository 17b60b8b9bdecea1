"""Signals that wait until a step is whole: SIGTERM and Ctrl-C then find a state to save."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Pending:
    """The signal that has come meanwhile; 0 while none has."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.number = number


@contextmanager
def deferred() -> Iterator[Pending]:
    """Hold SIGTERM and SIGINT back; what came is raised at the end, as if it came then.

    Outside of the main thread Python lets nobody hold signals back, and nothing is.
    """
    pending = Pending()
    if threading.current_thread() is not threading.main_thread():
        yield pending
        return
    before = {number: signal.signal(number, pending) for number in _SIGNALS}
    try:
        yield pending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if pending.number:
        signal.raise_signal(pending.number)
