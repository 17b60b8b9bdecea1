"""The miniature's teacher over HTTP: an OpenAI-compatible endpoint, on the loopback by default."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from wizardcoder.engines.listening import listen
from wizardcoder.errors import InputError
from wizardcoder.miniature.protocol import error_body
from wizardcoder.miniature.teacher import MODEL, respond

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Long instructions are fine; what is larger is not an instruction.
LARGEST_REQUEST_BYTES = 4 << 20


def make_app() -> web.Application:
    """The application: POST /v1/chat/completions, GET /v1/models.

    A malformed request is answered with status 400 and an error of the protocol's form.
    """
    app = web.Application(client_max_size=LARGEST_REQUEST_BYTES, middlewares=[_errors_as_json])
    app.router.add_post("/v1/chat/completions", _chat_completions)
    app.router.add_get("/v1/models", _models)
    return app


async def serve(
    host: str = "127.0.0.1", port: int = 8400, *, announce: Callable[[str], None]
) -> None:
    """Serves until it is cancelled; `announce` is handed the base URL once it listens.

    Port 0 takes a free one. Raises UsageError when the address cannot be had.
    """
    await listen(make_app(), host, port, announce=announce)


async def _chat_completions(request: web.Request) -> web.Response:
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise InputError("chat request", problem=f"is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise InputError("chat request", problem="is not a JSON object", value=body)
    return web.json_response(respond(body))


async def _models(_: web.Request) -> web.Response:
    model: dict[str, Any] = {
        "id": MODEL,
        "object": "model",
        "created": 0,
        "owned_by": "wizardcoder",
    }
    return web.json_response({"object": "list", "data": [model]})


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InputError as error:
        return web.json_response(error_body(str(error)), status=400)
    except web.HTTPException as error:
        return web.json_response(error_body(error.reason), status=error.status)
