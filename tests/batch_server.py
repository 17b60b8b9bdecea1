"""A batch API that misbehaves as a test says, and counts what it would bill: at half the price.

with BatchServer(lambda call: say("4")) as server:
    ...  # a teacher with batch = true at server.endpoint
assert server.paid.total() == 1

Files, batches, their life and their results are the real thing, in memory. It answers single calls
too, as the fault server does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.fault_server import Call, FaultServer, Reaction, options
from wizardcoder.teacher import BatchApi, BatchTransport, Ledger, Teacher
from wizardcoder.teacher.budget import Budget

Json = dict[str, Any]
#: What the answer of `fault_server.say` costs at its client's prices, 1 and 2 dollars a token.
ANSWER_USD = 0.5 * (10 * 1 + 5 * 2)


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What goes wrong with one request to the API, before or after it was carried out."""

    carried_out: bool
    status: int = 0
    drop: bool = False
    hang_seconds: float = 0.0
    message: str = "no"
    cut_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of a batch. `executed`: so many of its requests, in order; None: all.

    `looks`: how many times it is seen at work before it has ended. `output` changes the lines of
    its output file.
    """

    status: str = "completed"
    executed: int | None = None
    looks: int = 1
    faults: Sequence[Json] = ()
    unexecuted_listed: bool = True
    output: Callable[[list[bytes]], list[bytes]] = field(default=list)


def no_mishap(step: str, turn: int) -> Mishap | None:
    return None


class BatchServer(FaultServer):
    """The server. `mishap(step, turn)` is asked at each request, turns counted from 1 for each of
    the steps upload, create, look, list and read; `fates` are those of its batches, in order.
    """

    def __init__(
        self,
        react: Callable[[Call], Reaction],
        *,
        mishap: Callable[[str, int], Mishap | None] = no_mishap,
        fates: Sequence[Fate] = (),
        most_enqueued: int | None = None,
        page: int = 100,
    ) -> None:
        super().__init__(react)
        self._mishap = mishap
        self._fates = fates
        self._most_enqueued = most_enqueued
        self._page = page
        self._files: dict[str, bytes] = {}
        self.batches: list[Json] = []
        self.sizes: list[int] = []
        self.uploaded_bytes: list[int] = []
        self.turns: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    @property
    def billed_usd(self) -> float:
        """What its answers cost at the prices of `fault_server.options`, halved."""
        return ANSWER_USD * self.paid.total()

    def _add_routes(self, application: web.Application) -> None:
        super()._add_routes(application)
        for method, path, step, carry_out in (
            ("POST", "/v1/files", "upload", self._upload),
            ("POST", "/v1/batches", "create", self._create),
            ("GET", "/v1/batches", "list", self._list),
            ("GET", "/v1/batches/{id}", "look", self._look),
            ("GET", "/v1/files/{id}/content", "read", self._read),
        ):
            application.router.add_route(method, path, self._step(step, carry_out))

    def _step(self, step: str, carry_out: Callable[[web.Request], Any]) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.turns[step] += 1
            mishap = self._mishap(step, self.turns[step])
            if mishap is not None and not mishap.carried_out:
                return await _misbehave(request, mishap, web.Response())
            response: web.Response = await carry_out(request)
            self.done[step] += 1
            return response if mishap is None else await _misbehave(request, mishap, response)

        return handle

    # What it does

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        uploaded = form["file"]
        assert form["purpose"] == "batch" and isinstance(uploaded, web.FileField)
        with uploaded.file as content:
            name = self._keep(content.read())
        self.uploaded_bytes.append(len(self._files[name]))
        return web.json_response({"id": name, "object": "file", "filename": uploaded.filename})

    async def _create(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        assert wanted["completion_window"] == "24h"
        fate = self._fates[len(self.batches)] if len(self.batches) < len(self._fates) else Fate()
        batch = {
            **wanted,
            "id": f"batch_{len(self.batches)}",
            "object": "batch",
            "status": "validating",
            "created_at": int(time.time()),
            "fate": self._judge(wanted, fate),
        }
        batch["results"] = self._carry_out(batch)  # now: it costs, whether anybody looks or not
        self.batches.append(batch)
        return web.json_response(_shown(batch))

    async def _list(self, request: web.Request) -> web.Response:
        newest_first = self.batches[::-1]
        if after := request.query.get("after"):
            ids = [batch["id"] for batch in newest_first]
            newest_first = newest_first[ids.index(after) + 1 :]
        size = min(self._page, int(request.query.get("limit", 20)))
        shown = [_shown(batch) for batch in newest_first[:size]]
        return web.json_response({"data": shown, "has_more": len(newest_first) > size})

    async def _look(self, request: web.Request) -> web.Response:
        found = [batch for batch in self.batches if batch["id"] == request.match_info["id"]]
        if not found:
            return web.json_response({"error": {"message": "no such batch"}}, status=404)
        self._advance(found[0])
        return web.json_response(_shown(found[0]))

    async def _read(self, request: web.Request) -> web.Response:
        content = self._files.get(request.match_info["id"])
        if content is None:
            return web.json_response({"error": {"message": "no such file"}}, status=404)
        return web.Response(body=content)

    # The life of a batch

    def _judge(self, wanted: Json, fate: Fate) -> Fate:
        rows = [json.loads(line) for line in self._files[wanted["input_file_id"]].splitlines()]
        self.sizes.append(len(rows))
        assert len({row["custom_id"] for row in rows}) == len(rows)
        assert all(len(row["custom_id"]) <= 64 and row["method"] == "POST" for row in rows)
        assert {row["url"] for row in rows} == {wanted["endpoint"]} == {"/v1/chat/completions"}
        enqueued = sum(
            size
            for size, batch in zip(self.sizes, self.batches, strict=False)
            if batch["status"] in {"validating", "in_progress"}
        )
        if self._most_enqueued is not None and enqueued + len(rows) > self._most_enqueued:
            full = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}
            return Fate(status="failed", faults=[full])
        return fate

    def _advance(self, batch: Json) -> None:
        fate: Fate = batch["fate"]
        if batch["status"] == "validating" and fate.status == "failed":
            batch["status"], batch["errors"] = "failed", {"data": list(fate.faults)}
        elif batch["status"] == "validating":
            batch["status"] = "in_progress"
        elif batch["status"] == "in_progress":
            batch["looks"] = batch.get("looks", 0) + 1
            if batch["looks"] >= fate.looks:
                batch.update(batch["results"], status=fate.status)

    def _carry_out(self, batch: Json) -> Json:
        """The files and counts that the batch will show when it has ended."""
        fate: Fate = batch["fate"]
        if fate.status == "failed":
            return {}
        lines = self._files[batch["input_file_id"]].splitlines()
        executed = len(lines) if fate.executed is None else fate.executed
        answered: list[bytes] = []
        refused: list[bytes] = []
        for number, row in enumerate(map(json.loads, lines)):
            if number < executed:
                status, line = self._execute(row)
                (answered if status == 200 else refused).append(line)
            elif fate.unexecuted_listed:
                error = {"code": f"batch_{fate.status}", "message": "was not executed"}
                refused.append(_line(row["custom_id"], None, error))
        results: Json = {}
        for key, rows in (("output_file_id", fate.output(answered)), ("error_file_id", refused)):
            results[key] = self._keep(b"\n".join(rows) + b"\n") if rows else None
        counts = {"total": len(lines), "completed": len(answered), "failed": len(refused)}
        return {**results, "request_counts": counts}

    def _execute(self, row: Json) -> tuple[int, bytes]:
        body = json.dumps(row["body"], separators=(",", ":")).encode()
        reaction = self._react(self._noted(body, ""))
        self.paid[body] += reaction.paid
        response = {
            "status_code": reaction.status,
            "request_id": "r",
            "body": json.loads(reaction.body),
        }
        return reaction.status, _line(row["custom_id"], response, None)

    def _keep(self, content: bytes) -> str:
        name = f"file-{len(self._files)}"
        self._files[name] = content
        return name


def _line(custom_id: str, response: Json | None, error: Json | None) -> bytes:
    row = {"id": "batch_req", "custom_id": custom_id, "response": response, "error": error}
    return json.dumps(row).encode()


def _shown(batch: Mapping[str, Any]) -> Json:
    return {key: value for key, value in batch.items() if key not in {"fate", "looks", "results"}}


async def _misbehave(
    request: web.Request, mishap: Mishap, response: web.Response
) -> web.StreamResponse:
    await asyncio.sleep(mishap.hang_seconds)
    if mishap.status:
        body = {"error": {"message": mishap.message}}
        return web.json_response(body, status=mishap.status, headers={"Retry-After": "0"})
    if not mishap.drop:
        return response
    if mishap.cut_bytes is not None:
        assert isinstance(response.body, bytes)
        cut = web.StreamResponse()
        cut.content_length = len(response.body)
        await cut.prepare(request)
        await cut.write(response.body[: mishap.cut_bytes])
    if request.transport is not None:
        request.transport.close()
    return response


# A client for it


async def brief(seconds: float) -> None:
    """A pause that a test has time for."""
    await asyncio.sleep(min(seconds, 0.02))


@asynccontextmanager
async def batching(
    endpoint: str,
    ledger: Path,
    *,
    api_key: str | None = None,
    budget: Budget | None = None,
    most_requests: int = 50_000,
    most_bytes: int = 200_000_000,
    **changes: Any,
) -> AsyncIterator[Teacher]:
    """A teacher that answers by batches at an endpoint, with its ledger, open; it hurries."""
    wanted = options(endpoint, **{"batch": True, "batch_poll_seconds": 0.2, **changes})
    api = BatchApi(endpoint, api_key=api_key, timeout_seconds=wanted.timeout_seconds, sleep=brief)
    with Ledger(ledger) as book:
        transport = BatchTransport(
            *(api, book, wanted.model),
            poll_seconds=wanted.batch_poll_seconds,
            most_requests=most_requests,
            most_bytes=most_bytes,
        )
        async with Teacher(wanted, transport, book, budget=budget) as teacher:
            yield teacher
