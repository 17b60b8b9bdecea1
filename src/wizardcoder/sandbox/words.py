"""How values and reasons are put into words: on one line, bounded, the same every time."""

from __future__ import annotations

import re
import reprlib

_MAX_REASON = 300
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")


def show(value: object) -> str:
    """A value, shortened."""
    try:
        return reprlib.repr(value)
    except Exception as error:
        return f"a {type(value).__name__} that cannot be shown ({error})"


def one_line(text: str) -> str:
    """Text that any file can hold: one line, bounded, no addresses."""
    text = _ADDRESS.sub("0x…", " ".join(text.split())).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"
