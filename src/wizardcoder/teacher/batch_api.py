"""The files and batches of an OpenAI-compatible endpoint: upload, create, find, look, read.

Nothing here knows what a request says or who waits for it. What is transient is tried again for an
hour; what the provider refuses for good is raised as `RefusedError` with its answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wizardcoder.errors import TeacherError, WizardCoderError
from wizardcoder.teacher.transport import Answer, HttpTransport, LostConnectionError

if TYPE_CHECKING:
    import aiohttp

#: What the requests of a batch are for, whatever the path of the endpoint itself.
CHAT_URL = "/v1/chat/completions"
#: How long the provider may be out of reach, in seconds. Its batches go on meanwhile.
PATIENCE_SECONDS = 3600.0
_LONGEST_PAUSE_SECONDS = 60.0
_FIRST_CONTACT_ATTEMPTS = 3
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NOT_CARRIED_OUT = frozenset({425, 429})
_CLOCKS_DIFFER_SECONDS = 3600.0

Json = dict[str, Any]


class RefusedError(WizardCoderError):
    """The provider refuses something for good, or says nothing sensible; `answer` is what it said.

    A batch that it refuses to make was not made.
    """

    def __init__(self, what: str, answer: Answer) -> None:
        said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
        super().__init__(f"{what}: HTTP {answer.status}: {said}")
        self.answer = answer


class UnlistedError(WizardCoderError):
    """Whether a batch was made cannot be known: the provider does not list its batches."""


class Fault(NamedTuple):
    """Why a batch was not even begun. `line` counts the lines of its file from 1, where known."""

    code: str
    message: str
    line: int | None


class RemoteBatch(NamedTuple):
    """A batch as the provider describes it; `files` hold what came of its requests."""

    id: str
    status: str
    files: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    answered: int = 0

    @property
    def ended(self) -> bool:
        return self.status in {"completed", "failed", "expired", "cancelled"}


class BatchApi(HttpTransport):
    """The batch side of an endpoint; `sleep` makes its pauses."""

    def __init__(
        self,
        endpoint: str,
        *,
        api_key: str | None,
        timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(endpoint, api_key=api_key, timeout_seconds=timeout_seconds, connections=16)
        self.endpoint = endpoint.rstrip("/")
        self.sleep = sleep
        self._heard = False

    async def upload(self, file: Path) -> str:
        """The id that the provider gives a file of requests."""
        return str((await self._ask("POST", "/files", file=file))["id"])

    async def create(
        self, input_file_id: str, tag: str, since: float, *, settle_seconds: float, look_first: bool
    ) -> RemoteBatch:
        """The batch of an uploaded file, made once.

        Where it may have been made already (`look_first`, or an answer that got lost) it is looked
        for among the batches made after `since`, `settle_seconds` later.
        """
        wanted = {
            "input_file_id": input_file_id,
            "endpoint": CHAT_URL,
            "completion_window": "24h",
            "metadata": {"wizardcoder": tag},
        }
        patience = _Patience(self)
        while True:
            if look_first:
                await self.sleep(settle_seconds)
                if (found := await self._find(input_file_id, tag, since)) is not None:
                    return found
            try:
                answer = await self._exchange("POST", "/batches", body=wanted)
            except LostConnectionError as error:
                look_first = error.sent
                await patience.lost(error)
                continue
            if answer.status not in _TRANSIENT:
                return _remote(_decoded("POST /batches", answer))
            look_first = answer.status not in _NOT_CARRIED_OUT
            await patience.refused(answer)

    async def look(self, batch_id: str) -> RemoteBatch:
        """How a batch stands."""
        return _remote(await self._ask("GET", f"/batches/{batch_id}"))

    async def lines(self, file_id: str) -> AsyncIterator[bytes]:
        """The lines of a file; after a lost connection they come again from the first one on."""
        patience = _Patience(self)
        path = f"/files/{file_id}/content"
        while True:
            try:
                async with self._open("GET", path) as response:
                    if response.status == 200:
                        async for line in _lines(response.content):
                            yield self._censored(line)
                        return
                    answer = await self._answer(response)
            except LostConnectionError as error:
                await patience.lost(error)
                continue
            if answer.status not in _TRANSIENT:
                raise RefusedError(f"GET {path}", answer)
            await patience.refused(answer)

    async def _find(self, input_file_id: str, tag: str, since: float) -> RemoteBatch | None:
        query = "?limit=100"
        while True:
            page = await self._page(query)
            rows = [row for row in page.get("data") or () if isinstance(row, dict)]
            for row in rows:
                ours = (row.get("metadata") or {}).get("wizardcoder") == tag
                ours = ours or row.get("input_file_id") == input_file_id
                if ours and row.get("status") != "failed":  # that one has read nothing: another may
                    return _remote(row)
            if not rows or not page.get("has_more"):
                return None
            if float(rows[-1].get("created_at") or since) < since - _CLOCKS_DIFFER_SECONDS:
                return None  # the newest come first
            query = f"?limit=100&after={rows[-1]['id']}"

    async def _page(self, query: str) -> Json:
        try:
            return await self._ask("GET", f"/batches{query}")
        except RefusedError as error:
            raise UnlistedError(f"whether the batch was made cannot be known: {error}") from None

    async def _ask(
        self, method: str, path: str, body: Json | None = None, file: Path | None = None
    ) -> Json:
        """The decoded answer to what does no harm when it is asked twice."""
        patience = _Patience(self)
        while True:
            try:
                answer = await self._exchange(method, path, body, file)
            except LostConnectionError as error:
                await patience.lost(error)
                continue
            if answer.status not in _TRANSIENT:
                return _decoded(f"{method} {path.partition('?')[0]}", answer)
            await patience.refused(answer)

    async def _exchange(
        self, method: str, path: str, body: Json | None = None, file: Path | None = None
    ) -> Answer:
        if file is None:
            async with self._open(method, path, json=body) as response:
                return await self._answer(response)
        import aiohttp

        with file.open("rb") as content:
            form = aiohttp.FormData({"purpose": "batch"})
            form.add_field("file", content, filename=file.name, content_type="application/jsonl")
            payload = form()
            headers = {"Content-Type": str(payload.headers["Content-Type"])}
            async with self._open(method, path, data=payload, headers=headers) as response:
                return await self._answer(response)

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, **sending: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response whose body is still to be read; files take as long as they keep moving."""
        import aiohttp

        assert self._session is not None, "use `async with`"
        url = f"{self.endpoint}{path}"
        timeout = aiohttp.ClientTimeout(total=None, sock_read=self._timeout_seconds)
        try:
            async with self._session.request(
                *(method, url),
                proxy=self._proxy,
                allow_redirects=False,
                timeout=timeout,
                **sending,
            ) as response:
                self._heard = True
                yield response
        except aiohttp.ClientConnectorError as error:
            raise LostConnectionError(self._reason(error, url), sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LostConnectionError(self._reason(error, url), sent=True) from None


class _Patience:
    """The pauses of one operation while it meets nothing but what is transient.

    An endpoint that was never heard of is given up after three attempts, with the error that it
    met; one that has gone quiet after an hour, with a TeacherError.
    """

    def __init__(self, api: BatchApi) -> None:
        self._api = api
        self._attempts = 0
        self._waited_seconds = 0.0

    async def lost(self, error: LostConnectionError) -> None:
        if not self._api._heard and self._attempts + 1 >= _FIRST_CONTACT_ATTEMPTS:
            raise error
        await self._pause(str(error), None)

    async def refused(self, answer: Answer) -> None:
        await self._pause(f"HTTP {answer.status}", answer.retry_after_seconds)

    async def _pause(self, problem: str, wish: float | None) -> None:
        if self._waited_seconds >= PATIENCE_SECONDS:
            raise TeacherError(
                f"{self._api.endpoint}: its batch API could not be used for an hour, the last "
                f"time: {problem}; batches go on there: run the same command again later"
            )
        pause = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2**self._attempts)
        pause = pause if wish is None else min(PATIENCE_SECONDS, wish)
        self._attempts += 1
        self._waited_seconds += pause
        await self._api.sleep(pause)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream, whatever their length (aiohttp's own are bounded)."""
    torn: list[bytes] = []
    async for chunk in content.iter_any():
        first, *rest = chunk.split(b"\n")
        torn.append(first)
        for start in rest:
            yield b"".join(torn)
            torn = [start]
    if last := b"".join(torn):
        yield last


def _decoded(what: str, answer: Answer) -> Json:
    if 200 <= answer.status < 300:
        try:
            decoded = json.loads(answer.body)
        except (ValueError, RecursionError):
            decoded = None
        if isinstance(decoded, dict):
            return decoded
    raise RefusedError(what, answer)


def _remote(row: Json) -> RemoteBatch:
    faults = (row.get("errors") or {}).get("data") or ()
    return RemoteBatch(
        id=str(row["id"]),
        status=str(row.get("status")),
        files=tuple(row[key] for key in ("output_file_id", "error_file_id") if row.get(key)),
        faults=tuple(
            Fault(str(fault.get("code")), str(fault.get("message")), fault.get("line"))
            for fault in faults
        ),
        answered=int((row.get("request_counts") or {}).get("completed") or 0),
    )
