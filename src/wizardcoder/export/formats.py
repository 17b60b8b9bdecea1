"""The formats that instruction data is passed on in: what each makes of a record.

`parquet` keeps every column of a record. `chat` and `sharegpt` hold whole conversations. `alpaca`
holds one exchange: a system prompt and what was said after the first response do not fit in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, get_args

from wizardcoder.records import Record

Format = Literal["alpaca", "chat", "sharegpt", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}
#: What ends a line for some readers, and may stand in a JSON text as it is.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def alpaca(record: Record) -> dict[str, object]:
    """`instruction`, `input`, `output`."""
    texts = (record.instruction, record.input, record.response)
    return dict(zip(("instruction", "input", "output"), texts, strict=True))


def chat(record: Record) -> dict[str, object]:
    """`messages`, each with `role` and `content`; an input follows the instruction."""
    return {"messages": [{"role": role, "content": text} for role, text in _said(record)]}


def sharegpt(record: Record) -> dict[str, object]:
    """`conversations`, each with `from` and `value`; an input follows the instruction."""
    said = [{"from": _SHAREGPT[role], "value": text} for role, text in _said(record)]
    return {"conversations": said}


#: How a record becomes a row of the formats that are JSON, one row per line.
ROWS: Mapping[str, Callable[[Record], dict[str, object]]] = {
    "alpaca": alpaca,
    "chat": chat,
    "sharegpt": sharegpt,
}


def line(record: Record, format: Format) -> bytes:
    """A record as one line of JSON, whatever its reader takes for the end of a line."""
    text = json.dumps(ROWS[format](record), ensure_ascii=False)
    return text.translate(_LINE_ENDS).encode() + b"\n"


def fits(record: Record, format: Format) -> bool:
    """Whether a format holds all that was said."""
    return format != "alpaca" or not (record.system or record.turns)


def _said(record: Record) -> Iterator[tuple[str, str]]:
    if record.system:
        yield "system", record.system
    yield "user", record.question
    if record.response or record.turns:
        yield "assistant", record.response
    for number, text in enumerate(record.turns):
        yield ("assistant" if number % 2 else "user"), text
