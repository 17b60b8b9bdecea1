"""Rows of JSONL files from elsewhere, checked: every error names file, line, field and value."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizardcoder.errors import InputError, MissingDataError


@dataclass(frozen=True, slots=True)
class Row:
    """A JSON object with where it came from."""

    file: Path
    line: int
    table: dict[str, Any]

    def text(self, field: str) -> str:
        """The text in a field. Raises InputError when it is missing or no text."""
        value = self._value(field)
        if not isinstance(value, str):
            raise self.error(field, "is not text", value)
        return value

    def integer(self, field: str) -> int:
        """The whole number in a field. Raises InputError when it is missing or none."""
        value = self._value(field)
        if type(value) is not int:
            raise self.error(field, "is not a whole number", value)
        return value

    def texts(self, field: str) -> list[str]:
        """The texts in a field. Raises InputError when it is missing or no list of texts."""
        value = self._value(field)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(field, "is not a list of texts", value)
        return value

    def number(self, field: str) -> float:
        """The number in a field. Raises InputError when it is missing or none."""
        value = self._value(field)
        if type(value) not in (int, float):
            raise self.error(field, "is not a number", value)
        return float(value)

    def _value(self, field: str) -> Any:
        if field not in self.table:
            raise self.error(field, "is missing")
        return self.table[field]

    def error(self, field: str | None, problem: str, value: object = None) -> InputError:
        return InputError(self.file, line=self.line, field=field, problem=problem, value=value)


def read(path: Path) -> Iterator[Row]:
    """The rows of a `.jsonl` or `.jsonl.gz` file; blank lines are skipped.

    Raises MissingDataError when there is no such file, InputError for a line that is no object.
    """
    return (parse(path, number, line) for number, line in lines(path))


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of such a file that are not blank, with their numbers; raises as `read`."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise MissingDataError(f"{path}: is a folder; name a file in it") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(path, problem=f"is not a whole gzip file: {error}") from None


def parse(path: Path, number: int, line: bytes) -> Row:
    """A line as a row. Raises InputError when it is no JSON object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(path, line=number, problem=f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(path, line=number, problem="is not a JSON object", value=value)
    return Row(path, number, value)
