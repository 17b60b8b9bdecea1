"""Asking a teacher: through the ledger, with retries of what is transient and of nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from wizardcoder import recipe
from wizardcoder.errors import BudgetError, TeacherAccessError, TeacherError
from wizardcoder.storage import text_digest
from wizardcoder.teacher.answers import Heard, Reply, lost, parse, read
from wizardcoder.teacher.batches import Travelling
from wizardcoder.teacher.ledger import Ledger, Outcome
from wizardcoder.teacher.pacing import Clock, Pacing, WallClock
from wizardcoder.teacher.prices import price_of
from wizardcoder.teacher.transport import LostConnectionError, Transport

if TYPE_CHECKING:
    from wizardcoder.teacher.budget import Budget

_LONGEST_PAUSE_SECONDS = 60.0
#: An endpoint that was never heard of is not waited for as long as one that has gone quiet.
FIRST_CONTACT_ATTEMPTS = 3
#: As many requests as wait for one batch at once: what they hold is a few hundred megabytes.
BATCH_WIDTH = 20_000
_BYTES_PER_TOKEN = 4  # of a prompt, to pace with until the answer says how many there were
_NEWEST = 1 / 50  # the weight of the newest answer in the mean length


class _Call(NamedTuple):
    """A request with its key and its worst case; `travelling`: a batch holds it already."""

    key: bytes
    sample: int
    body: bytes
    max_tokens: int
    worst_usd: float
    travelling: Travelling | None = None

    @property
    def worst_tokens(self) -> int:
        return len(self.body) + self.max_tokens  # a token is at least one byte


class Teacher:
    """A chat model behind a transport and a ledger.

    At most `width` requests are in flight; identical requests in flight share one, also with other
    teachers of the same ledger (one model with two keys). `price` is None
    where nobody knows it. Leaving it gives up what is in flight and commits what was heard; it can
    be entered again. Where the budget ended it, what is in flight is waited for, for
    `timeout_seconds` at most. `stop`: sequences that end a reply. Without `chat` a prompt is text
    to be continued, and the transport's endpoint one for that.
    """

    def __init__(
        self,
        options: recipe.Teacher,
        transport: Transport,
        ledger: Ledger,
        *,
        seed: int = 0,
        budget: Budget | None = None,
        clock: Clock | None = None,
        stop: Sequence[str] = (),
        chat: bool = True,
    ) -> None:
        self.options = options
        self.ledger = ledger
        self.price = price_of(options)
        self.width = BATCH_WIDTH if options.batch else options.concurrency
        self._transport = transport
        self._seed = seed
        self._stop = list(stop)
        self._chat = chat
        self._budget = budget
        self._clock = WallClock() if clock is None else clock
        self._heard = False  # has anything answered at the endpoint?
        self._answered = False  # ... as a teacher?
        self._mean_completion = float(options.max_tokens)
        self._pacing = self._new_pacing()
        self._in_flight: dict[bytes, asyncio.Task[Reply]] = ledger.in_flight
        self._tasks: set[asyncio.Task[Reply]] = set()  # those of `_in_flight` that are its own
        self._prefix = f"{options.model}\n{options.endpoint.rstrip('/')}\n".encode()

    @property
    def askers(self) -> int:
        """How many should ask at once: while some wait, others get their next request ready."""
        return self.width if self.options.batch else self.width + self.width // 4

    @property
    def note(self) -> str:
        """What slows it down at the moment, for who watches; "" if nothing."""
        if self._pacing.health.down:
            return f"no answer for {self._pacing.health.down_seconds:.0f} s, asking again"
        room = self._pacing.room
        return f"{room} of {self.width} calls at once" if room < self.width else ""

    async def __aenter__(self) -> Self:
        self._pacing = self._new_pacing()  # it belongs to one event loop
        calls = self._travelling()
        await self._transport.__aenter__()
        for call in calls:
            if call.key not in self._in_flight:
                max_tokens = json.loads(call.request)["max_tokens"]
                work = self._ask(call.key, call.sample, call.request, max_tokens, call)
                self._start(call.key, work)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._budget and isinstance(error, BudgetError) and not self.options.batch:
            await self._budget.idle(self.options.timeout_seconds)  # what was sent is paid for
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.ledger.flush()
        await self._transport.__aexit__(kind, error, trace)

    async def ask(
        self, prompt: str, *, sample: int = 0, decoding: recipe.Decoding | None = None
    ) -> Reply:
        """The teacher's reply to one user message.

        `sample` tells redraws of the same request apart; `decoding` None: the teacher's own. A
        reply that the ledger holds is returned without sending anything. Raises TeacherError when
        retries are used up or the endpoint refuses this request, TeacherAccessError when no
        request will ever do.
        """
        decoding = decoding or self.options
        request = self.request(prompt, sample, decoding)
        key = hashlib.sha256(self._prefix + request + b"\n%d" % sample).digest()
        if (stored := self.ledger.find(key)) is not None:
            return parse(stored)
        task = self._in_flight.get(key)
        if task is None:
            task = self._start(key, self._ask(key, sample, request, decoding.max_tokens))
        waiting = asyncio.shield(task)
        return await (waiting if self._budget is None else self._budget.in_time(waiting))

    def _start(self, key: bytes, work: Coroutine[Any, Any, Reply]) -> asyncio.Task[Reply]:
        task = asyncio.create_task(work)
        self._in_flight[key] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(key, done))
        return task

    def _done(self, key: bytes, task: asyncio.Task[Reply]) -> None:
        del self._in_flight[key]
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits has heard it; perhaps nobody does

    def _travelling(self) -> list[Travelling]:
        """What an earlier process has put into batches: waited for, whoever will ask for it."""
        options = self.options
        batches = self.ledger.open_batches(options.endpoint.rstrip("/"), options.model)
        if batches and not options.batch:
            raise TeacherAccessError(
                f"{self.ledger.path}: a batch of {batches[0].requests} requests goes on at "
                f"{options.endpoint}: set teacher.batch = true to read its answers first"
            )
        return [call for batch in batches for call in self.ledger.travelling(batch)]

    def request(
        self, prompt: str, sample: int = 0, decoding: recipe.Decoding | None = None
    ) -> bytes:
        """The request body, byte for byte what is sent."""
        options = decoding or self.options
        body: dict[str, Any] = {
            "model": self.options.model,
            **_worded(prompt, chat=self._chat),
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_tokens": options.max_tokens,
        }
        if self._stop:
            body["stop"] = self._stop
        if self.options.send_seed:
            body["seed"] = int(text_digest(self._seed, sample)[:7], 16)
        return json.dumps(body, separators=(",", ":")).encode()

    async def _ask(
        self,
        key: bytes,
        sample: int,
        request: bytes,
        max_tokens: int,
        travelling: Travelling | None = None,
    ) -> Reply:
        worst_usd = 0.0 if self.price is None else self.price.usd(len(request), max_tokens)
        call = _Call(key, sample, request, max_tokens, worst_usd, travelling)
        tries = 0
        while True:
            heard, pause_seconds = await self._attempt(call, tries)
            call = call._replace(travelling=None)
            if heard.reply is not None:
                return heard.reply
            if heard.error is not None:
                raise heard.error
            tries += self._counts()
            self._check_patience(heard, tries)
            if pause_seconds:
                await self._clock.sleep(pause_seconds)

    async def _attempt(self, call: _Call, tries: int) -> tuple[Heard, float]:
        """Send a request once; returns what came of it, and the pause before it is sent again."""
        tokens = len(call.body) / _BYTES_PER_TOKEN + min(call.max_tokens, self._mean_completion)
        number = await self._pacing.enter(tokens)
        more_tokens = 0.0
        try:
            async with self._reserved(call) as spent:
                started = self._clock.now()
                row = await self._begin(call)
                heard = await self._send(call)
                spent.append(heard.outcome)
                await self.ledger.end(row, heard.outcome, self._clock.now() - started)
            more_tokens = self._used(heard, tokens) - tokens
            return heard, self._judge(number, call, heard, tries)
        finally:
            self._pacing.leave(number, more_tokens)

    async def _begin(self, call: _Call) -> int:
        """The row of an attempt, committed before it is sent."""
        if call.travelling is not None:
            return call.travelling.id
        return await self.ledger.begin(
            *(call.key, self.options.model, call.sample, call.body, call.worst_usd),
            queued=self.options.batch,
        )

    @asynccontextmanager
    async def _reserved(self, call: _Call) -> AsyncIterator[list[Outcome]]:
        """Room in the budget for the worst case; what is spent in fact is put into the list."""
        spent: list[Outcome] = []
        if self._budget is None:
            yield spent
            return
        if call.travelling is None:
            held = await self._budget.reserve(call.worst_usd, call.worst_tokens)
        else:
            held = self._budget.adopt(call.travelling.usd, call.worst_tokens)
        try:
            yield spent
        finally:
            if not spent or not spent[0].is_priced:
                self._budget.settle(held, call.worst_usd, call.worst_tokens)
            else:
                _, _, prompt_tokens, completion_tokens, paid, _ = spent[0]
                self._budget.settle(held, paid, prompt_tokens + completion_tokens)

    async def _send(self, call: _Call) -> Heard:
        try:
            answer = await self._transport.post(call.body, call.key)
        except LostConnectionError as error:
            self._heard = self._heard or error.sent
            return lost(error, call.worst_usd)
        self._heard = True
        heard = read(answer, self.options, self.price, call.worst_usd)
        glitch = isinstance(heard.error, TeacherAccessError) and answer.status == 200
        if glitch and self._answered:  # it has answered well before: billed, for all we know
            return Heard(Outcome("maybe_paid", usd=call.worst_usd, note=heard.outcome.note))
        self._answered = self._answered or heard.reply is not None
        return heard

    def _judge(self, number: int, call: _Call, heard: Heard, tries: int) -> float:
        """Tell the pacing what came of a request; returns the pause of this call alone."""
        pacing, wish = self._pacing, heard.wish_seconds
        if heard.reply is not None or heard.error is not None:
            pacing.answered(number)
            return 0.0
        if self.options.batch:
            return 0.0  # the next batch takes it; what becomes of one says nothing of the endpoint
        all_wait = heard.too_many and pacing.refused(number, wish)
        if self._heard:
            blameless = heard.too_many or heard.unreachable
            pacing.health.failed(number, call.key, blameless=blameless, wish_seconds=wish)
        if pacing.health.down or (all_wait and wish is not None):
            return 0.0  # the door holds it, and everybody
        jitter = call.key[tries % len(call.key)] / 255
        backoff = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(tries, 9) * (0.5 + jitter))
        return backoff if wish is None else wish

    def _counts(self) -> bool:
        """Whether the failure of a moment ago is one of the request: an outage is nobody's."""
        return not self._pacing.health.down or self.options.max_retries == 0

    def _check_patience(self, heard: Heard, tries: int) -> None:
        """Raise the error of a request that is not sent again."""
        endpoint, note = self.options.endpoint, heard.outcome.note
        if heard.unreachable and not self._heard and tries >= FIRST_CONTACT_ATTEMPTS:
            raise TeacherAccessError(
                f"the teacher cannot be reached: {note}; is it running, and is teacher.endpoint "
                "right?"
            )
        health = self._pacing.health
        if tries <= self.options.max_retries and not health.hopeless:
            return
        after = f"{tries} attempts"
        if health.hopeless:
            after = f"{health.down_seconds / 60:.0f} minutes without an answer"
        raise TeacherError(
            f"{endpoint}: gave up after {after}, the last one: "
            f"{note}; what was answered is kept: run the same command again later"
        )

    def _used(self, heard: Heard, tokens: float) -> float:
        """How many tokens a request took of the rate, as far as it says so."""
        if heard.reply is None:
            return 0.0 if heard.outcome.status in {"refused", "failed"} else tokens
        _, _, prompt_tokens, completion_tokens = heard.reply
        if not completion_tokens:
            return tokens
        self._mean_completion += (completion_tokens - self._mean_completion) * _NEWEST
        return prompt_tokens + completion_tokens

    def _new_pacing(self) -> Pacing:
        at_once = not self.options.batch  # the rates are those of calls that are
        return Pacing(
            self.width,
            requests_per_minute=self.options.requests_per_minute if at_once else None,
            tokens_per_minute=self.options.tokens_per_minute if at_once else None,
            patience_seconds=60 * self.options.outage_minutes,
            clock=self._clock,
        )


def _worded(prompt: str, *, chat: bool) -> dict[str, Any]:
    """The part of a request that says what is asked."""
    return {"messages": [{"role": "user", "content": prompt}]} if chat else {"prompt": prompt}
