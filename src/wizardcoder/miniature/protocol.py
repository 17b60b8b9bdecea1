"""The part of OpenAI's chat-completions protocol that the miniature's teacher speaks.

Checks and reads a request, builds a response. What is said in it is `teacher`'s business, how it
travels `server`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from wizardcoder.errors import InputError

MOST_CHOICES = 16
ROLES = frozenset({"system", "developer", "user", "assistant"})

#: A token is a word or a sign, with the space before it.
_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s]|\Z)")


class Message(NamedTuple):
    """One turn of the conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the teacher reads of a request; temperature and the like mean nothing to it."""

    model: str | None
    messages: tuple[Message, ...]
    seed: int | None
    n: int
    max_tokens: int | None


def read_request(request: Mapping[str, Any]) -> ChatRequest:
    """The request, checked. Raises InputError that names the field, its value and the mend."""
    if request.get("stream"):
        raise _bad("stream", True, "is not supported", "leave it out")
    limit = "max_completion_tokens" if "max_completion_tokens" in request else "max_tokens"
    n = _integer(request, "n", least=1)
    if n is not None and n > MOST_CHOICES:
        raise _bad("n", n, f"is more than {MOST_CHOICES}", "ask for fewer choices")
    return ChatRequest(
        model=_optional_text(request, "model"),
        messages=_messages(request.get("messages")),
        seed=_integer(request, "seed"),
        n=1 if n is None else n,
        max_tokens=_integer(request, limit, least=1),
    )


def response(request: ChatRequest, *, model: str, id: str, texts: Sequence[str]) -> dict[str, Any]:
    """The response that carries these texts, each cut at the request's `max_tokens`.

    `created` is 0: a pure function has no clock.
    """
    cuts = [_cut(text, request.max_tokens) for text in texts]
    prompt_tokens = sum(count_tokens(message.content) for message in request.messages)
    completion_tokens = sum(count_tokens(text) for text, _ in cuts)
    return {
        "id": id,
        "object": "chat.completion",
        "created": 0,
        "model": request.model or model,
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": text},
                "logprobs": None,
                "finish_reason": reason,
            }
            for index, (text, reason) in enumerate(cuts)
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def error_body(message: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    """An error as the protocol has it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def count_tokens(text: str) -> int:
    """How many words and signs a text has.

    >>> count_tokens("return xs[::-1]")
    8
    """
    return sum(1 for token in _TOKEN.finditer(text) if token[0].strip())


def _cut(text: str, limit_tokens: int | None) -> tuple[str, str]:
    if limit_tokens is None or count_tokens(text) <= limit_tokens:
        return text, "stop"
    tokens = _TOKEN.findall(text)
    return "".join(tokens[:limit_tokens]), "length"


def _messages(value: object) -> tuple[Message, ...]:
    mend = "give a list of {'role': …, 'content': …}"
    if not isinstance(value, list) or not value:
        raise _bad("messages", value, "is not a list with a message in it", mend)
    messages = tuple(_message(i, item) for i, item in enumerate(value))
    if messages[-1].role != "user":
        raise _bad(f"messages[{len(messages) - 1}].role", messages[-1].role, "is not 'user'", mend)
    return messages


def _message(index: int, item: object) -> Message:
    where = f"messages[{index}]"
    if not isinstance(item, dict) or item.get("role") not in ROLES:
        raise _bad(where, item, f"needs a role out of {', '.join(sorted(ROLES))}", "")
    content = item.get("content")
    if isinstance(content, list):
        content = "".join(_part(f"{where}.content", part) for part in content)
    if not isinstance(content, str):
        raise _bad(f"{where}.content", content, "is not text", "")
    return Message(item["role"], content)


def _part(where: str, part: object) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise _bad(where, part, "is not a text part", "")


def _integer(request: Mapping[str, Any], field: str, least: int | None = None) -> int | None:
    value = request.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _bad(field, value, "is not a whole number", "")
    if least is not None and value < least:
        raise _bad(field, value, f"is less than {least}", "")
    return value


def _optional_text(request: Mapping[str, Any], field: str) -> str | None:
    value = request.get(field)
    if value is not None and not isinstance(value, str):
        raise _bad(field, value, "is not text", "")
    return value


def _bad(field: str, value: object, problem: str, mend: str) -> InputError:
    return InputError("chat request", field=field, value=value, problem=problem, mend=mend)
