"""Rows of JSONL files from elsewhere, checked: every error names file, line, field and value."""

from __future__ import annotations

import gzip
import json
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
        if field not in self.table:
            raise self.error(field, "is missing")
        value = self.table[field]
        if not isinstance(value, str):
            raise self.error(field, "is not text", value)
        return value

    def error(self, field: str | None, problem: str, value: object = None) -> InputError:
        return InputError(self.file, line=self.line, field=field, problem=problem, value=value)


def read(path: Path) -> Iterator[Row]:
    """The rows of a `.jsonl` or `.jsonl.gz` file; blank lines are skipped.

    Raises MissingDataError when there is no such file, InputError for a line that is no object.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield Row(path, number, _object(path, number, line))
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise MissingDataError(f"{path}: is a folder; name a file in it") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise InputError(path, problem=f"is not a whole gzip file: {error}") from None


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(path, line=number, problem=f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(path, line=number, problem="is not a JSON object", value=value)
    return value
