"""Asking a teacher: through the ledger, with retries of what is transient and of nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, NamedTuple, Self

from wizardcoder import recipe
from wizardcoder.errors import TeacherAccessError, TeacherError
from wizardcoder.storage import text_digest
from wizardcoder.teacher.ledger import Ledger, Outcome
from wizardcoder.teacher.transport import Answer, LostConnectionError, Transport

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_GATEWAY = frozenset({502, 504})  # what the server behind it did, and billed, is not known
_WRONG_ADDRESS = frozenset({301, 302, 303, 307, 308, 404, 405})
_LONGEST_PAUSE_SECONDS = 60.0
#: An endpoint that was never heard of is not waited for as long as one that has gone quiet.
FIRST_CONTACT_ATTEMPTS = 3
#: A server that wants a longer pause than this is not waited for.
LONGEST_RETRY_AFTER_SECONDS = 600.0


_MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(OverflowError, RecursionError),  # JSON knows numbers and depths that Python does not
)


class Reply(NamedTuple):
    """What a teacher said. `finish_reason` `length`: it was cut, and must not become data."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


class _Sent(NamedTuple):
    """How one attempt ended, the pause before the next one, or the error that ends them all."""

    outcome: Outcome
    pause_seconds: float = 0.0
    error: TeacherError | None = None


class Teacher:
    """A chat model behind a transport and a ledger.

    At most `options.concurrency` requests are in flight; identical requests in flight share one.
    Leaving it gives up what is in flight and commits what was heard; it can be entered again.
    """

    def __init__(
        self,
        options: recipe.Teacher,
        transport: Transport,
        ledger: Ledger,
        *,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.options = options
        self.ledger = ledger
        self._transport = transport
        self._seed = seed
        self._sleep = sleep
        self._heard = False  # has anything answered at the endpoint?
        self._answered = False  # ... as a teacher?
        self._slots = asyncio.Semaphore(options.concurrency)
        self._in_flight: dict[bytes, asyncio.Task[Reply]] = {}
        self._prefix = f"{options.model}\n{options.endpoint.rstrip('/')}\n".encode()

    async def __aenter__(self) -> Self:
        self._slots = asyncio.Semaphore(self.options.concurrency)  # it belongs to one event loop
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = list(self._in_flight.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.ledger.flush()
        await self._transport.__aexit__(kind, error, trace)

    async def ask(self, prompt: str, *, sample: int = 0) -> Reply:
        """The teacher's reply to one user message.

        `sample` tells redraws of the same request apart. A reply that the ledger holds is returned
        without sending anything. Raises TeacherError when retries are used up or the endpoint
        refuses this request, TeacherAccessError when no request will ever do.
        """
        request = self.request(prompt, sample)
        key = hashlib.sha256(self._prefix + request + b"\n%d" % sample).digest()
        if (stored := self.ledger.find(key)) is not None:
            return _parse(stored)
        task = self._in_flight.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key, sample, request))
            self._in_flight[key] = task
            task.add_done_callback(lambda _: self._in_flight.pop(key, None))
        return await asyncio.shield(task)

    def request(self, prompt: str, sample: int) -> bytes:
        """The request body, byte for byte what is sent."""
        options = self.options
        body: dict[str, Any] = {
            "model": options.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_tokens": options.max_tokens,
        }
        if options.send_seed:
            body["seed"] = int(text_digest(self._seed, sample)[:7], 16)
        return json.dumps(body, separators=(",", ":")).encode()

    async def _ask(self, key: bytes, sample: int, request: bytes) -> Reply:
        async with self._slots:
            for attempt in range(self.options.max_retries + 1):
                started = time.monotonic()
                row = await self.ledger.begin(
                    key, self.options.model, sample, request, self._worst_usd(request)
                )
                outcome, pause, error = await self._send(request, attempt, key)
                await self.ledger.end(row, outcome, time.monotonic() - started)
                if outcome.reply is not None:
                    return _parse(outcome.reply)
                if error is not None:
                    raise error
                if attempt < self.options.max_retries:
                    await self._sleep(pause)
        raise TeacherError(
            f"{self.options.endpoint}: gave up after {attempt + 1} attempts, the last one: "
            f"{outcome.note}; what was answered is kept: run the same command again later"
        )

    async def _send(self, request: bytes, attempt: int, key: bytes) -> _Sent:
        jitter = key[attempt % len(key)] / 255
        pause = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2**attempt * (0.5 + jitter))
        try:
            answer = await self._transport.post(request)
        except LostConnectionError as error:
            return self._lost(request, error, attempt, pause)
        self._heard = True
        if answer.status in _TRANSIENT:
            return self._refused(request, answer, pause)
        sent = self._judge(answer)
        if isinstance(sent.error, TeacherAccessError) and answer.status == 200 and self._answered:
            # It has answered well before: a glitch on the way, billed for all we know.
            worst = self._worst_usd(request)
            return _Sent(Outcome("maybe_paid", usd=worst, note=sent.outcome.note), pause)
        self._answered = self._answered or sent.outcome.reply is not None
        return sent

    def _lost(
        self, request: bytes, error: LostConnectionError, attempt: int, pause: float
    ) -> _Sent:
        if error.sent:
            worst = self._worst_usd(request)
            return _Sent(Outcome("maybe_paid", usd=worst, note=str(error)), pause)
        if not self._heard and attempt + 1 >= FIRST_CONTACT_ATTEMPTS:
            return _unusable(
                f"the teacher cannot be reached: {error}; is it running, and is teacher.endpoint "
                "right?"
            )
        return _Sent(Outcome("refused", note=str(error)), pause)

    def _refused(self, request: bytes, answer: Answer, pause: float) -> _Sent:
        note = f"HTTP {answer.status}: {_excerpt(answer)}"
        outcome = Outcome("refused", note=note)
        if answer.status in _GATEWAY:
            outcome = Outcome("maybe_paid", usd=self._worst_usd(request), note=note)
        wanted = answer.retry_after_seconds
        if wanted is not None and wanted > LONGEST_RETRY_AFTER_SECONDS:
            problem = (
                f"{self.options.endpoint} wants a pause of {wanted:.0f} seconds ({note}): "
                "run the same command again then"
            )
            return _Sent(outcome, error=TeacherError(problem))
        return _Sent(outcome, pause if wanted is None else wanted)

    def _judge(self, answer: Answer) -> _Sent:
        options = self.options
        if answer.status in {401, 403}:
            return _unusable(
                f"{options.endpoint} refused the key (HTTP {answer.status}): put a valid one into "
                f"the environment variable {options.api_key_env} (teacher.api_key_env)"
            )
        if answer.status != 200 and answer.content_type != "text/html":
            note = (
                f"{options.endpoint} refused a request for model {options.model!r}: "
                f"HTTP {answer.status}: {_excerpt(answer)}"
            )
            if answer.status in _WRONG_ADDRESS:
                return _unusable(f"{note}; check teacher.model and teacher.endpoint")
            return _Sent(Outcome("failed", note=note), error=TeacherError(note))
        try:
            reply = _parse(answer.body)
        except _MALFORMED:
            return _unusable(
                f"{options.endpoint} does not answer as a chat-completions endpoint "
                f"(HTTP {answer.status}, {answer.content_type}): {_excerpt(answer)}; "
                "check teacher.endpoint, it usually ends in /v1"
            )
        tokens = reply.prompt_tokens, reply.completion_tokens
        return _Sent(Outcome("answered", answer.body, *tokens, self._usd(*tokens)))

    def _usd(self, prompt_tokens: float, completion_tokens: float) -> float:
        prompt = prompt_tokens * (self.options.usd_per_million_prompt_tokens or 0.0)
        completion = completion_tokens * (self.options.usd_per_million_completion_tokens or 0.0)
        return (prompt + completion) / 1e6

    def _worst_usd(self, request: bytes) -> float:
        return self._usd(len(request), self.options.max_tokens)  # a token is at least one byte


def _unusable(note: str) -> _Sent:
    return _Sent(Outcome("failed", note=note), error=TeacherAccessError(note))


def _parse(body: bytes) -> Reply:
    """The reply in a response body. Raises one of `_MALFORMED` when it is not one."""
    response = json.loads(body)
    choice, usage = response["choices"][0], response.get("usage") or {}
    text = choice["message"]["content"] or ""
    if not isinstance(text, str):
        raise TypeError("content is not text")
    return Reply(
        text=text,
        finish_reason=choice.get("finish_reason") or "stop",
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
    )


def _excerpt(answer: Answer, limit: int = 200) -> str:
    text = " ".join(answer.body.decode("utf-8", "replace").split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
