"""Rows of dataclass types as JSON, and JSONL files of them that grow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from wizardcoder.errors import InputError
from wizardcoder.storage.files import disk_errors

Row = TypeVar("Row")
Json = dict[str, Any]

_BLOCK_BYTES = 1 << 16


class Shard:
    """A JSONL file that rows are appended to; `append` returns when the system has the row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors(path):
            self._file = path.open("ab", buffering=0)  # a full disk must leave no buffer behind

    def append(self, row: object) -> int:
        """Append a row; returns the byte of the file where it begins."""
        line = memoryview(json.dumps(to_json(row)).encode() + b"\n")
        whole = self._file.tell()
        with disk_errors(self.path):
            try:
                while line:
                    line = line[self._file.write(line) :]
            except OSError:
                with suppress(OSError):
                    self._file.truncate(whole)  # a later row must not continue half of this one
                raise
        return whole

    def close(self) -> None:
        with disk_errors(self.path):
            self._file.close()


def to_json(row: object) -> object:
    """A row as JSON: a dataclass becomes an object with its fields in order."""
    if hasattr(row, "__dataclass_fields__"):
        return {f.name: getattr(row, f.name) for f in fields(row)}  # type: ignore[arg-type]
    return row


def read_jsonl(path: Path, row_type: type[Row]) -> Iterator[Row]:
    """The rows of a JSONL file that this project wrote. Raises InputError with file and line."""
    return (row for _, row in locate_jsonl(path, row_type))


def locate_jsonl(path: Path, row_type: type[Row]) -> Iterator[tuple[int, Row]]:
    """The rows of a JSONL file, each with the byte where it begins; raises as `read_jsonl`."""
    offset = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield offset, from_json(json.loads(line), row_type)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(
                    path, line=number, problem=f"is not a {row_type.__name__}: {error}"
                ) from None
            offset += len(line)


def from_json(row: Json, row_type: type[Row]) -> Row:
    """The row of a dataclass type that a JSON object holds. Raises TypeError on other keys."""
    kinds = _kinds(row_type)  # type: ignore[arg-type]
    return row_type(**{k: kinds[k](v) if k in kinds else v for k, v in row.items()})


def drop_torn_line(path: Path) -> None:
    """Cut a JSONL file after its last whole line."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK_BYTES)
            file.seek(start)
            if newline := file.read(end - start).rfind(b"\n") + 1:
                file.truncate(start + newline)
                return
            end = start
        file.truncate(0)


@cache
def _kinds(row_type: object) -> dict[str, type[Any]]:
    """The fields that JSON and Parquet hold as something else: enums and tuples."""
    hints = {k: get_origin(t) or t for k, t in get_type_hints(row_type).items()}
    return {
        k: t for k, t in hints.items() if isinstance(t, type) and issubclass(t, StrEnum | tuple)
    }
