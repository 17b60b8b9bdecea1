"""The teacher over HTTP."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from wizardcoder.errors import UsageError
from wizardcoder.miniature.server import make_app, serve
from wizardcoder.miniature.teacher import respond

REQUEST = {
    "model": "miniature-teacher",
    "messages": [{"role": "user", "content": "Write a function solve(xs) that sorts the list."}],
    "seed": 1,
}
CHAT = "/v1/chat/completions"


def with_client(use: Callable[[TestClient[Any, Any]], Awaitable[None]]) -> None:
    async def run() -> None:
        async with TestClient(TestServer(make_app())) as client:
            await use(client)

    asyncio.run(run())


def test_it_answers_as_in_process() -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        reply = await client.post(CHAT, json=REQUEST)
        assert reply.status == 200
        assert await reply.json() == respond(REQUEST)

    with_client(use)


def test_it_lists_its_model() -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        listed = await (await client.get("/v1/models")).json()
        assert [model["id"] for model in listed["data"]] == ["miniature-teacher"]

    with_client(use)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"not json", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"{}", "field 'messages'"),
        (json.dumps({**REQUEST, "stream": True}).encode(), "field 'stream'"),
    ],
)
def test_a_malformed_request_gets_status_400_and_an_error_of_the_protocol(
    body: bytes, message: str
) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        reply = await client.post(CHAT, data=body)
        assert reply.status == 400
        error = (await reply.json())["error"]
        assert message in error["message"]
        assert error["type"] == "invalid_request_error"

    with_client(use)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", CHAT, 405), ("GET", "/", 404)])
def test_other_routes_get_an_error_of_the_protocol(method: str, path: str, status: int) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        reply = await client.request(method, path)
        assert reply.status == status
        assert "message" in (await reply.json())["error"]

    with_client(use)


def test_a_request_that_is_too_large_is_refused() -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        reply = await client.post(CHAT, data=io.BytesIO(b"x" * (5 << 20)))
        assert reply.status == 413

    with_client(use)


def test_serving_announces_its_address_and_stops_when_cancelled() -> None:
    async def run() -> None:
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(port=0, announce=address.set_result))
        url = await address
        assert url.startswith("http://127.0.0.1:")
        async with ClientSession() as session, session.get(f"{url}/models") as reply:
            assert reply.status == 200
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    async def run() -> None:
        async with TestServer(make_app()) as taken:
            with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{taken.port}"):
                await serve(port=taken.port or 0, announce=print)

    asyncio.run(run())
