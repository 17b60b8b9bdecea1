"""The rows of a JSON array, one after the other, also of one that is broken in its midst."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
#: Where an object may begin that is an element of an array.
_OBJECT = re.compile(r"[,\n\[][ \t\r\n]*(?=\{)")


class Broken(NamedTuple):
    """A stretch of text, `[start, end)`, that is no row; `at`: the character that is wrong."""

    start: int
    end: int
    at: int
    problem: str
    is_utf8: bool = True


def array_rows(text: str, is_row: Callable[[object], bool]) -> Iterator[tuple[int, Any] | Broken]:
    """The elements of the array that a text holds, each with the line on which it begins.

    Behind what is broken, reading goes on at the next object that `is_row`. Text that holds a lone
    surrogate, which no JSON file can hold, makes its row broken.
    """
    decoder, lines = json.JSONDecoder(), _Lines(text)
    at = _end_of_space(text, 0) + 1  # behind the bracket
    inside = at <= len(text)
    if text.startswith("]", _end_of_space(text, at)):
        at, inside = _end_of_space(text, at) + 1, False
    while inside:
        try:
            at = _end_of_space(text, at)
            value, end = _decode(decoder, text, at)
            yield lines.line_of(at), value
            at = end
            at, inside = _behind(text, at)
        except (ValueError, RecursionError) as error:
            found = _next_row(decoder, text, at, is_row)
            yield _broken(error, at, len(text) if found is None else found)
            if found is None:
                return
            at = found
    rest = _end_of_space(text, at)
    if rest < len(text):
        yield Broken(rest, len(text), rest, "is not JSON: Extra data")


class _Lines:
    """The lines of places in a text, asked for in ascending order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line, self._at = 1, 0

    def line_of(self, at: int) -> int:
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._line


def _decode(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    """The element that begins at a place, and where it ends."""
    value, end = decoder.raw_decode(text, at)
    if not text.isascii():
        text[at:end].encode()  # raises UnicodeEncodeError, which is a ValueError
    return value, end


def _behind(text: str, end: int) -> tuple[int, bool]:
    """Where text goes on behind an element, and whether another element must follow."""
    at = _end_of_space(text, end)
    if not text.startswith((",", "]"), at):
        raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    return at + 1, text[at] == ","


def _next_row(
    decoder: json.JSONDecoder, text: str, at: int, is_row: Callable[[object], bool]
) -> int | None:
    """Where behind `at` the next object begins that is a row."""
    for match in _OBJECT.finditer(text, at):
        try:
            value, _ = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        if is_row(value):
            return match.end()
    return None


def _broken(error: ValueError | RecursionError, start: int, end: int) -> Broken:
    if isinstance(error, json.JSONDecodeError):
        return Broken(start, end, error.pos, f"is not JSON: {error.msg}")
    if isinstance(error, UnicodeEncodeError):
        place = start + error.start
        return Broken(start, end, place, "cannot be read as UTF-8", is_utf8=False)
    return Broken(start, end, start, f"cannot be read as JSON: {error}")


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
