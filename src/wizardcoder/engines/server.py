"""A model over HTTP: an OpenAI-compatible endpoint, on the loopback by default.

It generates with the same code as in process, so that what a served checkpoint says is what it
says there. `transformers serve` was read first: it draws nothing at temperature > 0 unless the
checkpoint says so, lists the cache instead of the model, and needs a chat template.
"""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aiohttp import web
from pydantic import ValidationError

from wizardcoder.engines.desk import Desk
from wizardcoder.engines.engine import Sampling
from wizardcoder.engines.listening import listen
from wizardcoder.engines.prompting import encode, encode_chat
from wizardcoder.engines.requests import ChatRequest, Request, TextRequest
from wizardcoder.engines.transformers import Row, TransformersEngine
from wizardcoder.engines.unfolding import Unfolding
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LARGEST_REQUEST_BYTES = 4 << 20
_DEFAULT_MAX_TOKENS = 2048
_R = TypeVar("_R", bound=Request)


class _Wording(NamedTuple):
    """How the two kinds of answer are worded: their names, and a choice's text."""

    kind: str
    chunk: str
    whole: Callable[[str], dict[str, Any]]
    delta: Callable[[str], dict[str, Any]]


_CHAT = _Wording(
    "chat.completion",
    "chat.completion.chunk",
    lambda text: {"message": {"role": "assistant", "content": text}},
    lambda text: {"delta": {"role": "assistant", "content": text} if text else {}},
)
_TEXT = _Wording(
    "text_completion",
    "text_completion",
    lambda text: {"text": text},
    lambda text: {"text": text},
)


async def serve(
    engine: TransformersEngine,
    name: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    announce: Callable[[str], None],
) -> None:
    """Serve a model under a name until cancelled; `announce` is handed the base URL.

    Port 0 takes a free one. Raises UsageError when the address cannot be had.
    """
    with Desk(engine) as desk:
        await listen(make_app(desk, name), host, port, announce=announce)


def make_app(desk: Desk, name: str) -> web.Application:
    """The application: /v1/models, /v1/chat/completions, /v1/completions."""
    tokenizer = copy.deepcopy(desk.engine.tokenizer)
    served = _Served(desk, tokenizer, name, int(time.time()))
    app = web.Application(client_max_size=_LARGEST_REQUEST_BYTES, middlewares=[_errors_as_json])
    app.router.add_get("/v1/models", served.models)
    app.router.add_post("/v1/chat/completions", served.chat)
    app.router.add_post("/v1/completions", served.text)
    return app


@dataclass(frozen=True)
class _Served:
    """The handlers of the requests to one model."""

    desk: Desk
    tokenizer: PreTrainedTokenizerBase  # its own: that of the desk is busy in another thread
    name: str
    created: int

    async def models(self, _: web.Request) -> web.Response:
        model = {"id": self.name, "object": "model", "created": self.created, "owned_by": "local"}
        return web.json_response({"object": "list", "data": [model]})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        asked = _parsed(await request.read(), ChatRequest, self.name)
        messages = [message.model_dump() for message in asked.messages]
        ids = encode_chat(self.tokenizer, messages)
        return await self._answer(request, asked, ids, _CHAT)

    async def text(self, request: web.Request) -> web.StreamResponse:
        asked = _parsed(await request.read(), TextRequest, self.name)
        (ids,) = encode(self.tokenizer, [asked.prompt])
        return await self._answer(request, asked, ids, _TEXT)

    async def _answer(
        self, request: web.Request, asked: Request, ids: list[int], wording: _Wording
    ) -> web.StreamResponse:
        rows = _rows(self.desk.engine, asked, ids)
        frame = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": self.name,
        }
        if asked.stream:
            return await self._stream(request, asked, rows, frame, wording)
        texts = {row.index: "" for row in rows}
        async for row, text in self._heard(rows, whole=True):
            texts[row.index] += text or ""
        choices = [
            {"index": row.index, **wording.whole(texts[row.index]), **_finish(row)} for row in rows
        ]
        body = {**frame, "object": wording.kind, "choices": choices, "usage": _usage(rows)}
        return web.json_response(body)

    async def _stream(
        self,
        request: web.Request,
        asked: Request,
        rows: Sequence[Row],
        frame: dict[str, Any],
        wording: _Wording,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "no-cache"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        frame = {**frame, "object": wording.chunk}
        async with aclosing(self._heard(rows, whole=False)) as news:
            async for row, text in news:
                ending = _finish(row) if text is None else {"finish_reason": None}
                choice = {"index": row.index, **wording.delta(text or ""), **ending}
                await _send(response, {**frame, "choices": [choice]})
        if asked.stream_options and asked.stream_options.include_usage:
            await _send(response, {**frame, "choices": [], "usage": _usage(rows)})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _heard(
        self, rows: Sequence[Row], *, whole: bool
    ) -> AsyncGenerator[tuple[Row, str | None], None]:
        """What is new of each row, as it comes (at its end, if the `whole` is wanted), then None.

        Raises HTTPInternalServerError where the model fails.
        """
        loop, news = asyncio.get_running_loop(), asyncio.Queue[tuple[Row, str | None]]()
        engine = self.desk.engine
        texts = {row.index: Unfolding(engine.decode, row.sampling.stop) for row in rows}
        listening = True

        def hear(row: Row) -> bool:
            """In the thread of the desk, whose tokenizer this may use."""
            if not listening:
                return False
            new = ""
            if row.finish_reason:
                new = texts[row.index].rest(engine.text(row))
            elif not whole:
                new = texts[row.index].piece(row.tokens)
            if new:
                loop.call_soon_threadsafe(news.put_nowait, (row, new))
            if row.finish_reason:
                loop.call_soon_threadsafe(news.put_nowait, (row, None))
            return True

        for row in rows:
            self.desk.ask(row, hear)
        left = len(rows)
        try:
            while left:
                row, new = await news.get()
                left -= new is None
                if row.finish_reason.startswith("error"):
                    raise web.HTTPInternalServerError(reason="the model failed")
                yield row, new
        finally:
            listening = False


def _parsed(body: bytes, kind: type[_R], name: str) -> _R:
    """The request. Raises UsageError for one that is malformed or for another model."""
    try:
        asked = kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the request"
        raise UsageError(f"{where}: {first['msg']}") from None
    if asked.model not in ("", name):
        raise web.HTTPNotFound(reason=f"the model {asked.model!r} is not here; {name!r} is")
    return asked


def _rows(engine: TransformersEngine, asked: Request, ids: list[int]) -> list[Row]:
    sampling = Sampling(
        max_tokens=asked.max_completion_tokens or asked.max_tokens or _DEFAULT_MAX_TOKENS,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=tuple(asked.stop),
    )
    seed = secrets.randbits(48) if asked.seed is None else asked.seed
    rows = [engine.row(ids, sampling, seed + number, number) for number in range(asked.n)]
    if rows[0].max_tokens <= 0:
        raise UsageError(f"the prompt has {len(ids)} tokens, and the model no room after them")
    return rows


def _finish(row: Row) -> dict[str, Any]:
    return {"finish_reason": row.finish_reason, "logprobs": None}


def _usage(rows: Sequence[Row]) -> dict[str, int]:
    prompt, completion = len(rows[0].ids), sum(len(row.tokens) for row in rows)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(event)}\n\n".encode())


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except UsageError as error:
        return _error(400, str(error), "invalid_request_error", None)
    except web.HTTPNotFound as error:
        return _error(404, error.reason, "invalid_request_error", "model_not_found")
    except web.HTTPException as error:
        return _error(error.status, error.reason, "server_error", None)


def _error(status: int, message: str, kind: str, code: str | None) -> web.Response:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return web.json_response(body, status=status)
