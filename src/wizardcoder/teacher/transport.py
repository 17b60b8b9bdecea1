"""How a chat-completions request travels: over HTTP, or to a teacher in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from wizardcoder.errors import TeacherAccessError, WizardCoderError

if TYPE_CHECKING:
    import aiohttp


#: Where an endpoint answers messages, and where it continues text.
CHAT, COMPLETIONS = "chat/completions", "completions"


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

    async def post(self, body: bytes, key: bytes) -> Answer:
        """The answer. `key` is the ledger's for this request: a name of its own.

        Raises LostConnectionError when there was none.
        """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class HttpTransport:
    """An OpenAI-compatible endpoint, such as `https://api.openai.com/v1`, at a `route` of it.

    The key goes into the request's header and nowhere else: an answer that quotes it is censored.
    Raises TeacherAccessError when the endpoint is not a URL, or the key not one line of ASCII.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        api_key: str | None,
        timeout_seconds: float,
        connections: int,
        route: str = CHAT,
    ) -> None:
        self.url = f"{_checked(endpoint).rstrip('/')}/{route}"
        self._headers = {"Content-Type": "application/json"}
        self._api_key = (api_key or "").strip()
        if self._api_key:
            if not (self._api_key.isascii() and self._api_key.isprintable()):
                raise TeacherAccessError(f"the key for {endpoint} is not one line of ASCII text")
            self._headers["Authorization"] = f"Bearer {self._api_key}"
        self._timeout_seconds = timeout_seconds
        self._connections = connections
        self._proxy = _proxy(self.url)
        self._secrets = [
            text.encode() for text in (self._api_key, *_passwords(self._proxy)) if text
        ]
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

    async def post(self, body: bytes, key: bytes) -> Answer:
        import aiohttp

        assert self._session is not None, "use `async with`"
        try:
            async with self._session.post(
                self.url,
                data=body,
                proxy=self._proxy,
                allow_redirects=False,  # it would turn POST into GET, or leave for another host
            ) as response:
                return await self._answer(response)
        except aiohttp.ClientConnectorError as error:
            raise LostConnectionError(self._reason(error), sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LostConnectionError(self._reason(error), sent=True) from None

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        return Answer(
            response.status,
            self._censored(await response.read()),
            response.content_type,
            _seconds(response.headers.get("Retry-After"), response.headers.get("Date")),
        )

    def _reason(self, error: Exception, url: str = "") -> str:
        reason = f"{url or self.url}: {str(error) or type(error).__name__}"
        return self._censored(reason.encode()).decode()

    def _censored(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, b"[key]")
        return text


class LocalTransport:
    """A teacher in this process: a function from a decoded request to a decoded response."""

    def __init__(self, respond: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._respond = respond

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def post(self, body: bytes, key: bytes) -> Answer:
        response = json.dumps(self._respond(json.loads(body))).encode()
        return Answer(200, response, "application/json", None)


def _checked(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
        if parts.password or parts.username or parts.query:
            raise TeacherAccessError(
                f"teacher.endpoint at {parts.hostname} holds more than an address: a key belongs "
                "into the environment (teacher.api_key_env)"
            )
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


def _passwords(url: str | None) -> list[str]:
    parts = urlsplit(url or "")
    return [parts.password, unquote(parts.password)] if parts.password else []


def _seconds(retry_after: str | None, date: str | None) -> float | None:
    """How long the server asks to wait, in seconds or until a date by its own clock."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        now = parsedate_to_datetime(date).timestamp() if date else time.time()
        wait = parsedate_to_datetime(retry_after).timestamp() - now
    except ValueError:
        return None
    return wait if wait > 0 else None  # what is over says nothing
