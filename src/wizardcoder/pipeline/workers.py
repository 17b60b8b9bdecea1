"""Worker processes that report progress, and that never outlive the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from wizardcoder.progress import Progress, Watch

_P = ParamSpec("_P")
_Result = TypeVar("_Result")
_Message = tuple[str, int, int | None, str] | None

_MESSAGES_PER_SECOND = 5.0
_SECONDS_TO_SAVE = 20.0
_inbox: Queue[_Message] | None = None  # set in a worker by `_begin`


class Workers:
    """A pool of processes, one thread each; what they report reaches `watch` in this process."""

    def __init__(self, count: int, watch: Watch) -> None:
        context = multiprocessing.get_context("spawn")
        self._messages: Queue[_Message] = context.Queue()
        self._stop: Event = context.Event()
        self._watch = watch
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._pool = ProcessPoolExecutor(
            count, context, initializer=_begin, initargs=(self._messages, self._stop, os.getpid())
        )

    def submit(
        self, work: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_Result]:
        """Run a picklable function in a worker; inside it, `worker_watch` reports progress."""
        return self._pool.submit(work, *args, **kwargs)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._stop.set()  # what they finished is on disk; a later run goes on from there
            self._pool.shutdown(cancel_futures=True)
            self._messages.cancel_join_thread()  # a worker may have died holding its lock
            return
        self._pool.shutdown()
        self._messages.put(None)
        self._listener.join()

    def _listen(self) -> None:
        while (message := self._messages.get()) is not None:
            task, done, total, note = message
            self._watch(task)(done, total, note)


def worker_watch(task: str) -> Progress:
    """In a worker: progress that is sent to the parent process, a few times per second."""
    sent_at = 0.0

    def progress(done: int, total: int | None, note: str = "") -> None:
        nonlocal sent_at
        now = time.monotonic()
        finished = total is not None and done >= total
        if _inbox is not None and (finished or now - sent_at >= 1 / _MESSAGES_PER_SECOND):
            sent_at = now
            _inbox.put((task, done, total, note))

    return progress


def _begin(messages: Any, stop: Any, parent: int) -> None:
    global _inbox
    _inbox = messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is first imported, later than this
    threading.Thread(target=_end_with_parent, args=(stop, parent), daemon=True).start()


def _end_with_parent(stop: Event, parent: int) -> None:
    while os.getppid() == parent and not stop.is_set():
        time.sleep(0.1)
    signal.raise_signal(signal.SIGTERM)  # who trains saves first; all others end at once
    time.sleep(_SECONDS_TO_SAVE)
    os._exit(1)
