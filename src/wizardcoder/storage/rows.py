"""Rows of dataclass types, as JSONL that grows and as Parquet that repeats byte for byte."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from enum import StrEnum
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, get_type_hints

from wizardcoder.errors import InputError
from wizardcoder.storage.files import disk_errors

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Row = TypeVar("Row")
Json = dict[str, Any]

#: Rows of a group of a table: what writing holds in memory at once.
ROWS_PER_GROUP = 1000
_BLOCK_BYTES = 1 << 16
_ROWS_PER_BATCH, _ROWS_PER_TALLY = 256, 10_000


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


def write_parquet(path: Path, row_type: type[Row], rows: Iterable[Row]) -> None:
    """Write rows of a dataclass type; the same rows give the same bytes.

    A row group at a time, so that rows which are made as they are asked for need little memory.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, left = _schema(row_type), iter(rows)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        group = list(islice(left, ROWS_PER_GROUP))
        while True:  # a table without rows has a group as well
            columns = {name: [getattr(row, name) for row in group] for name in schema.names}
            writer.write_table(pa.Table.from_pydict(columns, schema=schema))
            if not (group := list(islice(left, ROWS_PER_GROUP))):
                return


def read_parquet(path: Path, row_type: type[Row]) -> list[Row]:
    """The rows of a Parquet table. Raises InputError when the file or a column is missing."""
    return list(stream_parquet(path, row_type))


def stream_parquet(path: Path, row_type: type[Row]) -> Iterator[Row]:
    """The rows of a Parquet table as they are asked for; never the whole table in memory.

    Raises InputError when the file or a column is missing.
    """
    names = [f.name for f in fields(row_type)]  # type: ignore[arg-type]
    with _open_parquet(path, names) as table:
        for batch in table.iter_batches(_ROWS_PER_BATCH, columns=names):
            for row in batch.to_pylist():
                yield from_json(row, row_type)


def tally_parquet(path: Path, *columns: str) -> Counter[tuple[Any, ...]]:
    """How many rows of a Parquet table have which values in some columns; reads only those.

    Raises InputError when the file or a column is missing.
    """
    found = Counter[tuple[Any, ...]]()
    with _open_parquet(path, columns) as table:
        for batch in table.iter_batches(_ROWS_PER_TALLY, columns=list(columns)):
            found.update(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return found


def _open_parquet(path: Path, columns: Sequence[str]) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path)
    except FileNotFoundError:
        raise InputError(path, problem="does not exist") from None
    except pa.ArrowInvalid as error:
        raise InputError(path, problem=f"is not a Parquet file: {error}") from None
    if missing := sorted({*columns} - {*table.schema_arrow.names}):
        table.close()
        raise InputError(path, problem=f"lacks the columns {', '.join(missing)}")
    return table


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
