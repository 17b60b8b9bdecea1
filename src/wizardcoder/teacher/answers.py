"""What an answer of an endpoint means: a reply, a failure that may pass, or one that will not."""

from __future__ import annotations

import json
from typing import NamedTuple

from wizardcoder import recipe
from wizardcoder.errors import TeacherAccessError, TeacherError, TeacherRefusedError
from wizardcoder.teacher.ledger import Outcome
from wizardcoder.teacher.prices import Price
from wizardcoder.teacher.transport import Answer, LostConnectionError

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_TOO_MANY = frozenset({429, 503, 529})
_GATEWAY = frozenset({502, 504})  # what the server behind it did, and billed, is not known
_WRONG_ADDRESS = frozenset({301, 302, 303, 307, 308, 404, 405})
#: A server that wants a longer pause than this is not waited for.
LONGEST_RETRY_AFTER_SECONDS = 600.0

_MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(OverflowError, RecursionError),  # JSON knows numbers and depths that Python does not
)


class Reply(NamedTuple):
    """What a teacher said. `finish_reason` `length`: it was cut, and must not become data.

    `text` is without what a reasoning model thought aloud first, `<think>…</think>`; its tokens
    count, and the ledger holds all of it.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


class Heard(NamedTuple):
    """What came of one request: a reply, or an error for good, or neither: it may be sent again.

    `too_many`: the endpoint refused because there were too many. `unreachable`: nobody took the
    connection. `wish_seconds`: the pause that the endpoint asks for.
    """

    outcome: Outcome
    reply: Reply | None = None
    error: TeacherError | None = None
    too_many: bool = False
    unreachable: bool = False
    wish_seconds: float | None = None


def read(answer: Answer, teacher: recipe.Teacher, price: Price | None, worst_usd: float) -> Heard:
    """What an answer means. `worst_usd`: what the request cost at most."""
    if answer.status in _TRANSIENT:
        return _transient(answer, teacher, worst_usd)
    if answer.status != 200 and answer.content_type != "text/html":
        return _refusal(answer, teacher)
    try:
        reply = parse(answer.body)
    except _MALFORMED:
        return unusable(
            f"{teacher.endpoint} does not answer as a chat-completions endpoint "
            f"(HTTP {answer.status}, {answer.content_type}): {_excerpt(answer)}; "
            "check teacher.endpoint, it usually ends in /v1"
        )
    tokens = reply.prompt_tokens, reply.completion_tokens
    usd = price.usd(*tokens) if price else 0.0
    if not any(tokens):
        usd = worst_usd  # an answer without `usage`
    return Heard(Outcome("answered", answer.body, *tokens, usd), reply)


def lost(error: LostConnectionError, worst_usd: float) -> Heard:
    """What it means that there was no answer."""
    if error.sent:
        return Heard(Outcome("maybe_paid", usd=worst_usd, note=str(error)))
    return Heard(Outcome("refused", note=str(error)), unreachable=True)


def unusable(note: str) -> Heard:
    """No request will ever do."""
    return Heard(Outcome("failed", note=note), error=TeacherAccessError(note))


def parse(body: bytes) -> Reply:
    """The reply in a response body. Raises a ValueError or its like when it is not one."""
    response = json.loads(body)
    choice, usage = response["choices"][0], response.get("usage") or {}
    said = choice["message"]["content"] if "message" in choice else choice["text"]
    text = said or ""
    if not isinstance(text, str):
        raise TypeError("content is not text")
    return Reply(
        text=_without_thought(text),
        finish_reason=choice.get("finish_reason") or "stop",
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
    )


def _without_thought(text: str) -> str:
    """A reply after the thought that opens it, whose first mark may be in the model's prompt.

    >>> _without_thought("<think>A sum?</think> 4"), _without_thought("A sum?</think>4")
    ('4', '4')
    >>> _without_thought("Match `<think>.*</think>`.")
    'Match `<think>.*</think>`.'
    """
    thought, end, said = text.partition("</think>")
    if not end or "<think>" in thought.lstrip().removeprefix("<think>"):
        return text
    return said.lstrip()


def _transient(answer: Answer, teacher: recipe.Teacher, worst_usd: float) -> Heard:
    note = f"HTTP {answer.status}: {_excerpt(answer)}"
    if answer.status == 429 and _code(answer) == "insufficient_quota":
        return unusable(f"{teacher.endpoint} wants to be paid first: {note}")
    outcome = Outcome("refused", note=note)
    if answer.status in _GATEWAY:
        outcome = Outcome("maybe_paid", usd=worst_usd, note=note)
    wish = answer.retry_after_seconds
    if wish is not None and wish > LONGEST_RETRY_AFTER_SECONDS:
        problem = (
            f"{teacher.endpoint} wants a pause of {wish:.0f} seconds ({note}): "
            "run the same command again then"
        )
        return Heard(outcome, error=TeacherError(problem))
    return Heard(outcome, too_many=answer.status in _TOO_MANY, wish_seconds=wish)


def _refusal(answer: Answer, teacher: recipe.Teacher) -> Heard:
    if answer.status in {401, 403}:
        return unusable(
            f"{teacher.endpoint} refused the key (HTTP {answer.status}): put a valid one into "
            f"the environment variable {teacher.api_key_env} (teacher.api_key_env)"
        )
    note = (
        f"{teacher.endpoint} refused a request for model {teacher.model!r}: "
        f"HTTP {answer.status}: {_excerpt(answer)}"
    )
    if answer.status == 402:
        return unusable(note)
    if answer.status in _WRONG_ADDRESS or _code(answer) == "model_not_found":
        return unusable(f"{note}; check teacher.model and teacher.endpoint")
    return Heard(Outcome("failed", note=note), error=TeacherRefusedError(note))


def _code(answer: Answer) -> object:
    """The code of an error as OpenAI says it."""
    try:
        return json.loads(answer.body)["error"]["code"]
    except _MALFORMED:
        return None


def _excerpt(answer: Answer, limit: int = 200) -> str:
    text = " ".join(answer.body.decode("utf-8", "replace").split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
