"""A table worked on slice by slice, in processes; results come in the table's order.

Where slices begin depends on nothing but the table, so the results are the same for any number of
processes. A process is handed its task once and slices as Arrow streams, and never outlives the
process that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from wizardcoder.errors import WizardCoderError

if TYPE_CHECKING:
    import pyarrow as pa

State = TypeVar("State")
Result = TypeVar("Result")

SLICE_ROWS = 512
#: Fewer rows are not worth starting processes. A row takes about 0.1 ms of CPU in each sweep, the
#: start of a process 0.5 s (shape) or 1.6 s (contamination: compiled code is loaded): two processes
#: begin to gain at about 14,000 and 34,000 rows.
LEAST_ROWS = 1 << 15
_SLICES_AHEAD = 2  # for each process: what waits for it, so that it never waits

_task: tuple[Callable[[Any, pa.Table], Any], Any] | None = None  # set in a process by `_begin`


class Slice(NamedTuple):
    """Consecutive rows of a table."""

    first_row: int
    rows: pa.Table


def over(
    table: pa.Table,
    work: Callable[[State, pa.Table], Result],
    state: State,
    *,
    jobs: int,
    slice_rows: int = SLICE_ROWS,
    least_rows: int = LEAST_ROWS,
) -> Iterator[tuple[int, Result]]:
    """`work(state, rows)` for each slice in order, with the number of its first row.

    `work` is a function of a module and is pickled, like `state`, once. In this process with one
    job or fewer than `least_rows` rows. What `work` raises is raised here. Raises WizardCoderError
    when a process dies.
    """
    slices = _slices(table, slice_rows)
    if jobs <= 1 or table.num_rows < least_rows:
        return ((first_row, work(state, rows)) for first_row, rows in slices)
    return _in_processes(slices, pickle.dumps((work, state)), jobs)


def _slices(table: pa.Table, slice_rows: int) -> Iterator[Slice]:
    for first_row in range(0, table.num_rows, slice_rows):
        yield Slice(first_row, table.slice(first_row, slice_rows))


def _in_processes(slices: Iterator[Slice], task: bytes, jobs: int) -> Iterator[tuple[int, Any]]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(task,))
    waiting: deque[tuple[int, Future[Any]]] = deque()
    first_row = 0
    try:
        while True:
            for begin, rows in islice(slices, _SLICES_AHEAD * jobs - len(waiting)):
                waiting.append((begin, pool.submit(_run, _packed(rows))))
            if not waiting:
                return
            first_row, future = waiting.popleft()
            yield first_row, future.result()
    except BrokenProcessPool:
        raise WizardCoderError(
            f"a worker process died at or after row {first_row + 1}: it was killed, or the "
            "machine ran out of memory; run the same command again with fewer processes (--jobs 1)"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _packed(rows: pa.Table) -> pa.Buffer:
    """Rows as an Arrow stream: pickled, a slice would take the whole table with it."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return sink.getvalue()


def _run(packed: pa.Buffer) -> Any:
    import pyarrow as pa

    if _task is None:
        raise RuntimeError("a worker process has no task")
    work, state = _task
    return work(state, pa.ipc.open_stream(packed).read_all())


def _begin(task: bytes) -> None:
    """Make this process a worker. Ctrl-C is for the parent, which ends it."""
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _task = pickle.loads(task)


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
