"""How a chat-completions request travels: over HTTP, or to a teacher in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from wizardcoder.errors import TeacherAccessError, WizardCoderError

if TYPE_CHECKING:
    import aiohttp


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
    """An OpenAI-compatible endpoint, such as `https://api.openai.com/v1`.

    The key goes into the request's header and nowhere else: an answer that quotes it is censored.
    Raises TeacherAccessError when the endpoint is not a URL, or the key not one line of ASCII.
    """

    def __init__(
        self, endpoint: str, *, api_key: str | None, timeout_seconds: float, connections: int
    ) -> None:
        self.url = f"{_checked(endpoint).rstrip('/')}/chat/completions"
        self._headers = {"Content-Type": "application/json"}
        self._api_key = (api_key or "").strip()
        if self._api_key:
            if not (self._api_key.isascii() and self._api_key.isprintable()):
                raise TeacherAccessError(f"the key for {endpoint} is not one line of ASCII text")
            self._headers["Authorization"] = f"Bearer {self._api_key}"
        self._timeout_seconds = timeout_seconds
        self._connections = connections
        self._proxy = _proxy(self.url)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp  # here: most commands ask no teacher, and it takes longer than all the rest

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, body: bytes) -> Answer:
        import aiohttp

        assert self._session is not None, "use `async with`"
        try:
            async with self._session.post(
                self.url,
                data=body,
                proxy=self._proxy,
                allow_redirects=False,  # it would turn POST into GET, or leave for another host
            ) as response:
                return Answer(
                    response.status,
                    self._censored(await response.read()),
                    response.content_type,
                    _seconds(response.headers.get("Retry-After")),
                )
        except aiohttp.ClientConnectorError as error:
            raise LostConnectionError(f"{self.url}: {error}", sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise LostConnectionError(f"{self.url}: {reason}", sent=True) from None

    def _censored(self, body: bytes) -> bytes:
        return body.replace(self._api_key.encode(), b"[key]") if self._api_key else body


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


def _checked(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return endpoint
    except ValueError:
        pass  # a port that is no number, a bracket that does not close
    raise TeacherAccessError(
        f"teacher.endpoint = {endpoint!r} is not a URL such as http://localhost:8000/v1"
    )


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL.

    aiohttp's own `trust_env` asks the environment and ~/.netrc in threads at every request, which
    costs 0.2 CPU-s per 1000 calls, and fails where netrc names the host of an endpoint with a key.
    """
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None  # an HTTP date: our own backoff does as well
