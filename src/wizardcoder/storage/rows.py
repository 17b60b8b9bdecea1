"""Rows of dataclass types, as JSONL that grows and as Parquet that repeats byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, get_type_hints

from wizardcoder.errors import InputError
from wizardcoder.storage.files import disk_errors

if TYPE_CHECKING:
    import pyarrow as pa

Row = TypeVar("Row")
Json = dict[str, Any]


class Shard:
    """A JSONL file that rows are appended to; `append` returns when the system has the row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors(path):
            self._file = path.open("ab", buffering=0)  # a full disk must leave no buffer behind

    def append(self, row: object) -> None:
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
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield from_json(json.loads(line), row_type)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(
                    path, line=number, problem=f"is not a {row_type.__name__}: {error}"
                ) from None


def from_json(row: Json, row_type: type[Row]) -> Row:
    """The row of a dataclass type that a JSON object holds. Raises TypeError on other keys."""
    kinds = _kinds(row_type)  # type: ignore[arg-type]
    return row_type(**{k: kinds[k](v) if k in kinds else v for k, v in row.items()})


def write_parquet(path: Path, row_type: type[Row], rows: Iterable[Row]) -> None:
    """Write rows of a dataclass type; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(rows)
    names = [f.name for f in fields(row_type)]  # type: ignore[arg-type]
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    table = pa.Table.from_pydict(columns, schema=_schema(row_type))
    pq.write_table(table, path, compression="zstd")


def read_parquet(path: Path, row_type: type[Row]) -> list[Row]:
    """The rows of a Parquet table. Raises InputError when the file or a column is missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise InputError(path, problem="does not exist") from None
    except pa.ArrowInvalid as error:
        raise InputError(path, problem=f"is not a Parquet file: {error}") from None
    names = [f.name for f in fields(row_type)]  # type: ignore[arg-type]
    if missing := sorted(set(names) - set(table.column_names)):
        raise InputError(path, problem=f"lacks the columns {', '.join(missing)}")
    return [from_json(row, row_type) for row in table.select(names).to_pylist()]


def drop_torn_line(path: Path) -> None:
    """Cut a JSONL file after its last whole line."""
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


@cache
def _kinds(row_type: object) -> dict[str, type[Any]]:
    """The fields that JSON and Parquet hold as something else: enums and tuples."""
    hints = {k: get_origin(t) or t for k, t in get_type_hints(row_type).items()}
    return {
        k: t for k, t in hints.items() if isinstance(t, type) and issubclass(t, StrEnum | tuple)
    }


def _schema(row_type: type[Any]) -> pa.Schema:
    import pyarrow as pa

    types = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        tuple[str, ...]: pa.list_(pa.field("element", pa.string(), nullable=False)),
    }
    hints = get_type_hints(row_type)
    names: Sequence[str] = [f.name for f in fields(row_type)]
    return pa.schema(
        [
            pa.field(n, types.get(_present(hints[n]), pa.string()), _optional(hints[n]))
            for n in names
        ]
    )


def _present(hint: Any) -> Any:
    """The type of a value that is not None."""
    if not _optional(hint):
        return hint
    return next(part for part in hint.__args__ if part is not type(None))


def _optional(hint: object) -> bool:
    return type(None) in getattr(hint, "__args__", ())
