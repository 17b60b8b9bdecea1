"""How a chat-completions request travels: over HTTP, or to a teacher in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

import aiohttp

from wizardcoder.errors import WizardCoderError


class Answer(NamedTuple):
    """An HTTP answer, whatever it says. `retry_after_seconds` is the server's wish, if any."""

    status: int
    body: bytes
    content_type: str
    retry_after_seconds: float | None


class LostConnectionError(WizardCoderError):
    """The connection ended without an answer. `sent`: the request may have been accepted."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Transport(Protocol):
    """Carries one request body to the teacher and brings the answer back."""

    async def post(self, body: bytes) -> Answer:
        """The answer. Raises LostConnectionError when there was none."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class HttpTransport:
    """An OpenAI-compatible endpoint, such as `https://api.openai.com/v1`."""

    def __init__(
        self, endpoint: str, *, api_key: str | None, timeout_seconds: float, connections: int
    ) -> None:
        self.url = f"{endpoint.rstrip('/')}/chat/completions"
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=self._connections)
        self._session = aiohttp.ClientSession(
            connector=connector, headers=self._headers, timeout=self._timeout, trust_env=True
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, body: bytes) -> Answer:
        assert self._session is not None, "use `async with`"
        try:
            async with self._session.post(self.url, data=body) as response:
                return Answer(
                    response.status,
                    await response.read(),
                    response.content_type,
                    _seconds(response.headers.get("Retry-After")),
                )
        except aiohttp.ClientConnectorError as error:
            raise LostConnectionError(f"{self.url}: {error}", sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise LostConnectionError(f"{self.url}: {reason}", sent=True) from None


class LocalTransport:
    """A teacher in this process: a function from a decoded request to a decoded response."""

    def __init__(self, respond: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._respond = respond

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def post(self, body: bytes) -> Answer:
        response = json.dumps(self._respond(json.loads(body))).encode()
        return Answer(200, response, "application/json", None)


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None  # an HTTP date: our own backoff does as well
