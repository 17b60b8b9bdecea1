"""A chat-completions server that misbehaves as a test says, and counts what it would bill.

with FaultServer(lambda call: say("4")) as server:
    ...  # ask server.endpoint
assert server.paid.total() == 1

It runs in a thread, on the loopback, at a port of the system's choice unless one is named.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from wizardcoder import recipe
from wizardcoder.teacher import HttpTransport, Ledger, Teacher
from wizardcoder.teacher.budget import Budget
from wizardcoder.teacher.pacing import Clock


@dataclass(frozen=True)
class Call:
    """A request as it came: `number` counts all requests from 1, `turn` those with this body."""

    body: bytes
    prompt: str
    number: int
    turn: int
    authorization: str


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What the server does. `drop`: close the connection, after the first `sent_bytes` if any."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    paid: bool = False
    drop: bool = False
    sent_bytes: int = 0


def chat(text: object, finish_reason: str | None = "stop") -> dict[str, Any]:
    """A chat-completions response that cost 10 + 5 tokens."""
    message = {"role": "assistant", "content": text}
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def say(text: object, finish_reason: str | None = "stop", delay_seconds: float = 0.0) -> Reaction:
    """A paid answer."""
    body = json.dumps(chat(text, finish_reason)).encode()
    return Reaction(body=body, paid=True, delay_seconds=delay_seconds)


def go_on(text: str) -> Reaction:
    """A paid continuation of text, as the older of the two endpoints says it."""
    choice = {"index": 0, "text": text, "finish_reason": "length"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return Reaction(body=json.dumps({"choices": [choice], "usage": usage}).encode(), paid=True)


def fail(status: int, message: str = "no", retry_after: str | None = "0") -> Reaction:
    """An error as such servers say it; `retry_after` makes a wait short."""
    body = json.dumps({"error": {"message": message}}).encode()
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Reaction(status=status, body=body, headers=headers)


def page(status: int) -> Reaction:
    """A web page instead of an answer."""
    return Reaction(status=status, body=b"<html>Welcome</html>", content_type="text/html")


def drop(*, paid: bool) -> Reaction:
    """A connection that ends without an answer."""
    return Reaction(drop=True, paid=paid)


class FaultServer:
    """The server; `react` runs in its thread, once per request."""

    def __init__(self, react: Callable[[Call], Reaction], port: int = 0) -> None:
        self._port = port
        self._react = react
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.calls: list[Call] = []
        self.paid: Counter[bytes] = Counter()
        self.most_in_flight = 0
        self._in_flight = 0
        self._turns: Counter[bytes] = Counter()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ready.result()}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application()
        self._add_routes(application)
        runner = web.AppRunner(application, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._ready.set_result(runner.addresses[0][1])
        await self._stop.wait()
        await runner.cleanup()

    def _add_routes(self, application: web.Application) -> None:
        application.router.add_post("/v1/chat/completions", self._answer)
        application.router.add_post("/v1/completions", self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        reaction = self._react(self._noted(body, request.headers.get("Authorization", "")))
        self.paid[body] += reaction.paid
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await asyncio.sleep(reaction.delay_seconds)
        finally:
            self._in_flight -= 1
        return await _respond(request, reaction)

    def _noted(self, body: bytes, authorization: str) -> Call:
        self._turns[body] += 1
        asked = json.loads(body)
        prompt = asked["messages"][0]["content"] if "messages" in asked else asked["prompt"]
        call = Call(body, prompt, len(self.calls) + 1, self._turns[body], authorization)
        self.calls.append(call)
        return call


async def _respond(request: web.Request, reaction: Reaction) -> web.StreamResponse:
    response = web.StreamResponse(status=reaction.status, headers=reaction.headers)
    response.content_type = reaction.content_type
    response.content_length = len(reaction.body)
    if not reaction.drop:
        await response.prepare(request)
        await response.write(reaction.body)
    elif reaction.sent_bytes:
        await response.prepare(request)
        await response.write(reaction.body[: reaction.sent_bytes])
    if reaction.drop and request.transport is not None:
        request.transport.close()
    return response


# A client for it


class Pauses(list[float]):
    """A clock that does not wait: it remembers how long it was asked to, and goes on by as much."""

    def now(self) -> float:
        return sum(self)

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


def options(endpoint: str, **changes: Any) -> recipe.Teacher:
    """The options of a teacher at a fault server: prices are 1 and 2 dollars per token."""
    defaults = {
        "model": "m",
        "endpoint": endpoint,
        "max_tokens": 100,
        "timeout_seconds": 30.0,
        "usd_per_million_prompt_tokens": 1e6,
        "usd_per_million_completion_tokens": 2e6,
    }
    return recipe.Teacher(**{**defaults, **changes})


@asynccontextmanager
async def teaching(
    endpoint: str,
    ledger: Path,
    *,
    api_key: str | None = None,
    clock: Clock | None = None,
    seed: int = 0,
    budget: Budget | None = None,
    **changes: Any,
) -> AsyncIterator[Teacher]:
    """A teacher at an endpoint with its ledger, open; it does not sleep between attempts."""
    wanted = options(endpoint, **changes)
    transport = HttpTransport(
        endpoint,
        api_key=api_key,
        timeout_seconds=wanted.timeout_seconds,
        connections=wanted.concurrency,
    )
    with Ledger(ledger) as book:
        clock = Pauses() if clock is None else clock
        async with Teacher(
            wanted, transport, book, seed=seed, budget=budget, clock=clock
        ) as teacher:
            yield teacher
