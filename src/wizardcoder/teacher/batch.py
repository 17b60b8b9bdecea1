"""The batch API as a transport: half the price, an answer within a day.

    post → collected → uploaded → created → looked at, again and again → read → the answer

Requests are collected until none has come for a moment: then everybody waits for an answer, and
nothing more can come before there is one. What a batch holds is in the ledger before anything is
uploaded, so that the next process goes on waiting for what this one has sent.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from wizardcoder.errors import TeacherAccessError, WizardCoderError
from wizardcoder.teacher.batch_api import (
    PATIENCE_SECONDS,
    BatchApi,
    RefusedError,
    RemoteBatch,
    UnlistedError,
)
from wizardcoder.teacher.batch_lines import (
    LINE_OVERHEAD_BYTES,
    read_line,
    refusal,
    unanswered,
    write_line,
)
from wizardcoder.teacher.batches import Batch
from wizardcoder.teacher.ledger import Ledger
from wizardcoder.teacher.transport import Answer, LostConnectionError

#: What a provider takes in one batch.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
#: A pause of this share of `poll_seconds` without a new request closes a batch.
_IDLE_SHARE = 0.1
_LONGEST_IDLE_SECONDS = 5.0
#: Looking again waits for this share of a batch's age, for at most so many times `poll_seconds`.
_PAUSE_SHARE = 0.1
_MOST_PAUSES = 10.0
#: What a provider calls a batch for which there is no room beside those that it already has.
_QUEUE_IS_FULL = frozenset({"token_limit_exceeded", "request_limit_exceeded"})
_LINES_AT_ONCE = 500

Requests = dict[bytes, bytes]


class BatchTransport:
    """Answers by batches. `poll_seconds` lie between two looks at a young one.

    Leaving it leaves its batches to go on at the provider; entering it takes them up again.
    """

    def __init__(
        self,
        api: BatchApi,
        ledger: Ledger,
        teacher: str,
        *,
        poll_seconds: float,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._teacher = teacher
        self._poll_seconds = poll_seconds
        self._idle_seconds = min(_LONGEST_IDLE_SECONDS, _IDLE_SHARE * poll_seconds)
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._begin()

    def _begin(self) -> None:
        self._collected: Requests = {}
        self._collected_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._travelling: set[bytes] = set()
        self._waiting: dict[bytes, asyncio.Future[Answer | Exception]] = {}
        self._unclaimed: dict[bytes, Answer | Exception] = {}
        self._at_work: set[int] = set()
        self._room = asyncio.Event()
        self._broken: Exception | None = None

    async def __aenter__(self) -> Self:
        await self._api.__aenter__()
        self._begin()
        for batch in self._ledger.open_batches(self._api.endpoint, self._teacher):
            keys = tuple(call.key for call in self._ledger.travelling(batch))
            self._start(keys, self._go_on(batch, keys, look_first=True))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._ledger.flush()
        await self._api.__aexit__(kind, error, trace)

    async def post(self, body: bytes, key: bytes) -> Answer:
        """The answer to a request, from the batch that holds it already or from one to come."""
        if self._broken is not None:
            raise self._broken.with_traceback(None)
        result = self._unclaimed.pop(key, None)
        if result is None:
            result = await self._result(body, key)
        if isinstance(result, Answer):
            return result
        raise result.with_traceback(None)  # one error for many: their traces would pile up

    async def _result(self, body: bytes, key: bytes) -> Answer | Exception:
        self._waiting[key] = asyncio.get_running_loop().create_future()
        if key not in self._travelling:
            self._collect(key, body)
        try:
            return await self._waiting[key]
        finally:
            del self._waiting[key]

    # Collecting

    def _collect(self, key: bytes, body: bytes) -> None:
        size = len(body) + LINE_OVERHEAD_BYTES
        if self._collected_bytes + size > self._most_bytes:
            self._close()
        self._collected[key] = body
        self._collected_bytes += size
        if self._timer is not None:
            self._timer.cancel()
        if len(self._collected) >= self._most_requests:
            self._close()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._idle_seconds, self._close)

    def _close(self) -> None:
        requests, self._collected, self._collected_bytes = self._collected, {}, 0
        if requests:
            ordered = dict(sorted(requests.items()))  # as the ledger tells them later
            self._start(ordered, self._carry(ordered))

    def _start(self, keys: Iterable[bytes], work: Coroutine[Any, Any, None]) -> None:
        keys = tuple(keys)
        self._travelling.update(keys)
        task = asyncio.create_task(self._for_all(keys, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _for_all(self, keys: Sequence[bytes], work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # whatever it is, those who wait must hear it
            self._broken = error  # what was sent goes on there: nothing may be sent again
            self._give_all(keys, error)

    # Carrying

    async def _carry(self, requests: Requests) -> None:
        batch = await self._ledger.begin_batch(self._api.endpoint, self._teacher, requests)
        keys = tuple(requests)
        try:
            with TemporaryDirectory(prefix="wizardcoder-") as folder:
                file = Path(folder) / f"wizardcoder-{batch.tag}.jsonl"
                await asyncio.to_thread(_write, file, requests)
                file_id = await self._api.upload(file)
        except (LostConnectionError, RefusedError) as error:
            await self._drop(batch, keys, error)
            return
        requests.clear()
        batch = batch._replace(input_file_id=file_id, status="uploaded")
        await self._ledger.change_batch(batch)
        await self._go_on(batch, keys, look_first=False)

    async def _go_on(self, batch: Batch, keys: Sequence[bytes], *, look_first: bool) -> None:
        waited_alone = 0.0
        while True:
            created = batch if batch.batch_id else await self._create(batch, keys, look_first)
            if created is None:
                return
            batch, remote = await self._wait(created)
            if not _queue_is_full(remote) or waited_alone > PATIENCE_SECONDS:
                break
            alone = not self._at_work
            if alone and len(keys) > 1:
                await self._split(batch, len(keys))
                return
            waited_alone += alone * await self._wait_for_room()
            batch, look_first = batch._replace(batch_id="", status="uploaded"), False
            await self._ledger.change_batch(batch)
        await self._read(batch, remote, keys)

    async def _create(self, batch: Batch, keys: Sequence[bytes], look_first: bool) -> Batch | None:
        """The batch with the provider's id; None where it was refused or can never be known."""
        try:
            remote = await self._api.create(
                *(batch.input_file_id, batch.tag, batch.created_at),
                settle_seconds=self._poll_seconds,
                look_first=look_first,
            )
        except RefusedError as error:
            await self._drop(batch, keys, error)
            return None
        except UnlistedError as error:
            await self._end(batch._replace(status="lost", note=str(error)))
            self._give_all(keys, LostConnectionError(str(error), sent=True))
            return None
        except LostConnectionError as error:
            raise self._unreachable(batch, error) from None
        batch = batch._replace(batch_id=remote.id, status=remote.status)
        await self._ledger.change_batch(batch)
        return batch

    async def _wait(self, batch: Batch) -> tuple[Batch, RemoteBatch]:
        """The batch once it has ended."""
        while True:
            try:
                remote = await self._api.look(batch.batch_id)
            except (RefusedError, LostConnectionError) as error:
                raise self._unreachable(batch, error) from None
            if remote.status != batch.status:
                batch = batch._replace(status=remote.status)
                await self._ledger.change_batch(batch)
            if remote.ended:
                self._at_work.discard(batch.id)
                return batch, remote
            if remote.status != "validating":
                self._at_work.add(batch.id)
            age = _PAUSE_SHARE * (time.time() - batch.created_at)
            longest = _MOST_PAUSES * self._poll_seconds
            await self._api.sleep(max(self._poll_seconds, min(age, longest)))

    async def _wait_for_room(self) -> float:
        """Wait until another batch has ended, or for a while; returns how long at most."""
        seconds = _MOST_PAUSES * self._poll_seconds
        self._room.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._room.wait(), seconds)
        return seconds

    async def _split(self, batch: Batch, size: int) -> None:
        """Two halves of a batch that the provider's queue has no room for even when empty."""
        requests = [(call.key, call.request) for call in self._ledger.travelling(batch)]
        await self._end(batch._replace(note="split: the provider's queue has no room for it"))
        self._most_requests = min(self._most_requests, -(-size // 2))
        for start in range(0, size, self._most_requests):
            part = dict(requests[start : start + self._most_requests])
            self._start(part, self._carry(part))

    # Reading

    async def _read(self, batch: Batch, remote: RemoteBatch, keys: Sequence[bytes]) -> None:
        left, odd = set(keys), Counter[str]()
        for file_id in remote.files:
            try:
                await self._read_file(file_id, frozenset(keys), left, odd)
            except RefusedError as error:
                odd[str(error)] += 1
            except LostConnectionError as error:
                raise self._unreachable(batch, error) from None
        for key, answer in unanswered(remote, keys, frozenset(left)):
            left.discard(key)
            self._give(key, answer)
        if left:
            odd["requests without an answer"] += len(left)
        lost = f"batch {remote.id} is {remote.status} and says nothing of this request"
        self._give_all(left, LostConnectionError(lost, sent=True))
        faults = [f"{fault.code}: {fault.message}" for fault in remote.faults]
        note = "; ".join([*faults[:3], *(f"{times} × {what}" for what, times in odd.items())])
        await self._end(batch._replace(note=note))

    async def _read_file(
        self, file_id: str, keys: frozenset[bytes], left: set[bytes], odd: Counter[str]
    ) -> None:
        async for text in self._api.lines(file_id):
            line = read_line(text)
            if line is None:
                odd["lines that cannot be read"] += bool(text.strip())
            elif line.key in left:
                left.discard(line.key)
                self._give(line.key, line.answer)
                if len(left) % _LINES_AT_ONCE == 0:
                    await self._ledger.flush()  # those who got an answer go first
            elif line.key not in keys:
                odd["lines about requests that were not made"] += 1

    def _give_all(self, keys: Iterable[bytes], result: Answer | Exception) -> None:
        for key in keys:
            self._give(key, result)

    def _give(self, key: bytes, result: Answer | Exception) -> None:
        if key not in self._travelling:
            return
        self._travelling.discard(key)
        future = self._waiting.get(key)
        if future is None:
            self._unclaimed[key] = result
        elif not future.done():
            future.set_result(result)

    # Ending

    async def _drop(
        self, batch: Batch, keys: Sequence[bytes], error: LostConnectionError | RefusedError
    ) -> None:
        """A batch that was never made: nobody pays for it."""
        await self._end(batch._replace(status="dropped", note=str(error)))
        if isinstance(error, RefusedError) and error.answer.status in {404, 405, 501}:
            problem = f"{error}; where there is no batch API, set teacher.batch = false"
            self._give_all(keys, refusal(error.answer.status, problem))
        elif isinstance(error, RefusedError):
            self._give_all(keys, error.answer)
        else:
            self._give_all(keys, LostConnectionError(str(error), sent=False))

    async def _end(self, batch: Batch) -> None:
        await self._ledger.change_batch(batch._replace(ended_at=time.time()))
        self._room.set()

    def _unreachable(self, batch: Batch, error: WizardCoderError) -> TeacherAccessError:
        name = batch.batch_id or batch.tag
        return TeacherAccessError(
            f"batch {name} goes on at {self._api.endpoint}, but cannot be asked for: {error}; run "
            "the same command again with the key of the same account, or, if the batch is gone "
            f"for good: wizardcoder ledger abandon {shlex.quote(str(self._ledger.path))} {name}"
        )


def _write(file: Path, requests: Requests) -> None:
    with file.open("wb") as lines:
        lines.writelines(write_line(key, body) for key, body in requests.items())


def _queue_is_full(remote: RemoteBatch) -> bool:
    return remote.status == "failed" and any(f.code in _QUEUE_IS_FULL for f in remote.faults)
