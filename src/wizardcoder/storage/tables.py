"""Parquet tables of dataclass rows: as rows, as a stream of rows, or as Arrow columns.

The same rows give the same bytes, whichever way they are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from wizardcoder.errors import InputError
from wizardcoder.storage.rows import Row, from_json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

#: Rows of a group of a table: what writing holds in memory at once.
ROWS_PER_GROUP = 1000
_ROWS_PER_BATCH, _ROWS_PER_TALLY = 256, 10_000


def write_parquet(path: Path, row_type: type[Row], rows: Iterable[Row] | pa.Table) -> None:
    """Write rows of a dataclass type, or Arrow columns of it; nothing when making them raises.

    A row group at a time, so that rows which are made as they are asked for need little memory.
    """
    import pyarrow as pa

    schema = schema_of(row_type)
    if isinstance(rows, pa.Table):
        starts = range(0, len(rows), ROWS_PER_GROUP)
        slices = (rows.slice(start, ROWS_PER_GROUP) for start in starts)
        _write(path, schema, (group.combine_chunks().cast(schema) for group in slices))
        return
    left = iter(rows)
    groups = iter(lambda: list(islice(left, ROWS_PER_GROUP)), [])
    _write(path, schema, (to_table(row_type, group) for group in groups))


def _write(path: Path, schema: pa.Schema, groups: Iterable[pa.Table]) -> None:
    import pyarrow.parquet as pq

    empty = True
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for group in groups:
                writer.write_table(group)
                empty = False
            if empty:  # a table without rows has a group as well
                writer.write_table(schema.empty_table())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read_parquet(path: Path, row_type: type[Row]) -> list[Row]:
    """The rows of a Parquet table. Raises InputError when the file or a column is missing."""
    return list(stream_parquet(path, row_type))


def stream_parquet(path: Path, row_type: type[Row]) -> Iterator[Row]:
    """The rows of a Parquet table as they are asked for; never the whole table in memory.

    Raises InputError when the file or a column is missing.
    """
    names = _names(row_type)
    with _open_parquet(path, names) as table:
        for batch in table.iter_batches(_ROWS_PER_BATCH, columns=names):
            for row in batch.to_pylist():
                yield from_json(row, row_type)


def is_table(path: Path, row_type: type[Any]) -> bool:
    """Whether a file is a Parquet table with the columns of a dataclass type."""
    try:
        _open_parquet(path, _names(row_type)).close()
    except InputError:
        return False
    return True


def read_table(path: Path, row_type: type[Any]) -> pa.Table:
    """The columns of a dataclass type, in the order of its fields, of a Parquet table.

    Raises InputError when the file or a column is missing, or a column is of another type.
    """
    import pyarrow as pa

    names = _names(row_type)
    with _open_parquet(path, names) as file:
        table = file.read(columns=names).select(names)
    try:
        return table.cast(schema_of(row_type))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise InputError(path, problem=f"is not a table of {row_type.__name__}: {error}") from None


def tally_parquet(path: Path, *columns: str) -> Counter[tuple[Any, ...]]:
    """How many rows of a Parquet table have which values in some columns; reads only those.

    Raises InputError when the file or a column is missing.
    """
    found = Counter[tuple[Any, ...]]()
    with _open_parquet(path, columns) as table:
        for batch in table.iter_batches(_ROWS_PER_TALLY, columns=list(columns)):
            found.update(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return found


def to_table(row_type: type[Row], rows: Sequence[Row]) -> pa.Table:
    """Rows of a dataclass type as Arrow columns."""
    import pyarrow as pa

    schema = schema_of(row_type)
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    return pa.Table.from_pydict(columns, schema=schema)


def from_table(table: pa.Table, row_type: type[Row]) -> list[Row]:
    """The rows of Arrow columns; columns that the dataclass type does not know are left out."""
    return [from_json(row, row_type) for row in table.select(_names(row_type)).to_pylist()]


def schema_of(row_type: type[Any]) -> pa.Schema:
    """The columns that a dataclass type is stored as."""
    return _schema(row_type)  # type: ignore[arg-type]  # a type is hashable


@cache
def _schema(row_type: Hashable) -> pa.Schema:
    import pyarrow as pa

    types = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        tuple[str, ...]: pa.list_(pa.field("element", pa.string(), nullable=False)),
    }
    hints = get_type_hints(row_type)
    return pa.schema(
        [
            pa.field(name, types.get(_present(hints[name]), pa.string()), _optional(hints[name]))
            for name in hints
        ]
    )


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


def _names(row_type: type[Any]) -> list[str]:
    return [field.name for field in fields(row_type)]


def _present(hint: Any) -> Any:
    """The type of a value that is not None."""
    if not _optional(hint):
        return hint
    return next(part for part in hint.__args__ if part is not type(None))


def _optional(hint: object) -> bool:
    return type(None) in getattr(hint, "__args__", ())
