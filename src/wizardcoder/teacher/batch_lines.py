"""One line of a batch's files, to and fro, and what becomes of requests that no line answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from wizardcoder.teacher.batch_api import CHAT_URL, Fault, RemoteBatch
from wizardcoder.teacher.transport import Answer

_HEAD = b'{"custom_id":"%s","method":"POST","url":"' + CHAT_URL.encode() + b'","body":%s}\n'
#: What a line takes beside the body, in bytes.
LINE_OVERHEAD_BYTES = len(_HEAD) + 64
#: As which status a request counts that was not carried out, by the code of its error.
_STATUS_OF_CODE = {"batch_expired": 503, "batch_cancelled": 499}
_NO_SUCH_MODEL = "model_not_found"


class Line(NamedTuple):
    """One line of an output or error file."""

    key: bytes
    answer: Answer


def write_line(key: bytes, body: bytes) -> bytes:
    """The line of a request; its `custom_id` is the ledger's key.

    >>> write_line(bytes(2), b"{}")
    b'{"custom_id":"0000","method":"POST","url":"/v1/chat/completions","body":{}}\\n'
    """
    return _HEAD % (key.hex().encode(), body)


def read_line(line: bytes) -> Line | None:
    """What a line says, None where it says nothing that can be understood."""
    try:
        row = json.loads(line)
        return Line(bytes.fromhex(row["custom_id"]), _answer(row))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _answer(row: Mapping[str, Any]) -> Answer:
    response, error = row.get("response"), row.get("error") or {}
    if response and response["status_code"]:
        body = json.dumps(response["body"], separators=(",", ":")).encode()
        return Answer(int(response["status_code"]), body, "application/json", None)
    code, message = error["code"], error.get("message")
    return refusal(_STATUS_OF_CODE.get(code, 500), f"{code}: {message}")


def refusal(status: int, message: str) -> Answer:
    """An answer that says no, as the endpoint itself would."""
    body = json.dumps({"error": {"message": message}}).encode()
    return Answer(status, body, "application/json", None)


def unanswered(batch: RemoteBatch, keys: Sequence[bytes], left: frozenset[bytes]) -> Iterator[Line]:
    """What comes of the requests in `left` of a batch that ended; `keys` are all, in line order.

    Nothing comes of those that it may have answered all the same: a line of them is missing.
    """
    if batch.status == "failed":
        yield from _failed(batch, keys, left)
    elif batch.status == "expired":
        yield from (Line(key, refusal(503, f"batch {batch.id} expired before it")) for key in left)
    elif batch.status == "cancelled":
        problem = (
            f"batch {batch.id} was cancelled at the provider before it; the same command sends "
            "it again"
        )
        yield from (Line(key, refusal(499, problem)) for key in left)


def _failed(batch: RemoteBatch, keys: Sequence[bytes], left: frozenset[bytes]) -> Iterator[Line]:
    """A batch that fails has read its file and carried out nothing of it."""
    of_all = [fault for fault in batch.faults if not _line_of(fault, keys)]
    of_line = {keys[_line_of(f, keys) - 1]: f for f in batch.faults if _line_of(f, keys)}
    for key in left:
        fault = of_line.get(key) or (of_all[0] if of_all else None)
        if fault is not None or not of_line:
            yield Line(key, _refused_by(batch, fault))
        else:
            yield Line(key, refusal(503, f"batch {batch.id} failed for another of its requests"))


def _line_of(fault: Fault, keys: Sequence[bytes]) -> int:
    """The line that a fault is about, from 1; 0 where it is about the whole batch."""
    return fault.line if fault.line is not None and 1 <= fault.line <= len(keys) else 0


def _refused_by(batch: RemoteBatch, fault: Fault | None) -> Answer:
    said = "no reason given" if fault is None else f"{fault.code}: {fault.message}"
    status = 404 if fault is not None and fault.code == _NO_SUCH_MODEL else 400
    return refusal(status, f"batch {batch.id} failed: {said}")
