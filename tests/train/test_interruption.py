"""Signals that wait until a step is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from wizardcoder.train.interruption import deferred


class Terminated(Exception):
    """Raised by the handler that was there before."""


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    def terminate(number: int, frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_signal_comes_when_the_step_is_whole() -> None:
    done = []
    with pytest.raises(Terminated), deferred() as pending:
        signal.raise_signal(signal.SIGTERM)
        done.append(pending.number)
    assert done == [signal.SIGTERM]


def test_ctrl_c_waits_too() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferred():
        signal.raise_signal(signal.SIGINT)
        done.append("whole")
    assert done == ["whole"]


def test_without_a_signal_nothing_is_raised_and_the_handlers_are_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with deferred() as pending:
        pass
    assert pending.number == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_an_error_of_the_step_wins_over_a_signal() -> None:
    with pytest.raises(ValueError, match="broken"), deferred():
        signal.raise_signal(signal.SIGTERM)
        raise ValueError("broken")


def test_outside_of_the_main_thread_nothing_is_held_back() -> None:
    found: list[object] = []

    def work() -> None:
        with deferred():
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]
