"""The rows of a seed file, each with its place: JSON array, JSONL or Parquet.

JSON may be gzipped and is UTF-8 with or without a byte order mark. What the rows mean is known to
`formats`; here a row is whatever the file holds. A piece of a file that cannot be read is a `Torn`
piece, and reading goes on behind it: at the next line, row group, or row of an array.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.seeds.arrays import Broken, array_rows

#: The endings of a seed file, in the order in which a name is looked up.
ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLOCK_BYTES = 1 << 20
_ARRAY = re.compile(r"\s*\[")
_NOT_JSON, _NOT_UTF8, _DAMAGED = "not_json", "not_utf8", "damaged"
_DAMAGES = (OSError, EOFError, zlib.error)


class Row(NamedTuple):
    """One row of a file, and the line on which it begins (in Parquet: its number), from 1."""

    line: int
    value: Any


class Torn(NamedTuple):
    """A piece of a file that cannot be read.

    `rule`: `not_json`, `not_utf8`, or `damaged` (what packs the rows). `text`: what stands there,
    as far as that can be said. `error` names file, line and problem.
    """

    rule: str
    text: str
    error: InputError


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a seed file in their order.

    Raises InputError naming file and line where the file is not what its ending says,
    MissingDataError when there is no such file.
    """
    for piece in read_pieces(path):
        if isinstance(piece, Torn):
            raise piece.error
        yield piece


def read_pieces(
    path: Path, is_row: Callable[[object], bool] = lambda value: isinstance(value, dict)
) -> Iterator[Row | Torn]:
    """The rows of a seed file in their order, and in their midst what cannot be read.

    `is_row` tells where in an array reading can go on. Lines and Parquet need little memory, an
    array as much as its text. Raises InputError when nothing in the file can be read because it is
    not what its ending says, MissingDataError when there is no such file.
    """
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        return _lines(path)
    return _array(path, is_row)


def _lines(path: Path) -> Iterator[Row | Torn]:
    number = 0
    with _open(path) as file:
        try:
            for line in file:  # ends at \n alone, not at U+2028
                number += 1
                if number == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                if line.strip():
                    yield _line(line, path, number)
        except _DAMAGES as error:
            yield _torn(_DAMAGED, "", path, number + 1, f"cannot be read: {error}")


def _line(line: bytes, path: Path, number: int) -> Row | Torn:
    try:
        return Row(number, json.loads(line.decode().rstrip("\r\n")))
    except UnicodeDecodeError as error:
        problem = f"cannot be read as UTF-8: {error.reason}, byte {error.start + 1}"
        return _torn(_NOT_UTF8, _shown(line), path, number, problem)
    except json.JSONDecodeError as error:
        text = line.decode().rstrip("\r\n")
        return _torn(_NOT_JSON, text, path, number, f"is not JSON: {error.msg}", value=text)
    except (ValueError, RecursionError) as error:  # a number or a depth that Python refuses
        problem = f"cannot be read as JSON: {error}"
        return _torn(_NOT_JSON, _shown(line), path, number, problem)


def _array(path: Path, is_row: Callable[[object], bool]) -> Iterator[Row | Torn]:
    data, damage = _read(path)
    # Bytes that are no UTF-8 stay in the text as lone surrogates, which only their rows have.
    text = data.removeprefix(_BYTE_ORDER_MARK).decode(errors="surrogateescape")
    del data
    if not text or text.isspace():
        if damage:
            raise damage
        return
    if not _ARRAY.match(text):
        raise _no_array(text, path)
    for piece in array_rows(text, is_row):
        if not isinstance(piece, Broken):
            yield Row(*piece)
        elif not damage or piece.end < len(text):  # else the damage says why it ends
            yield _torn_array(piece, text, path)
    if damage:
        yield Torn(_DAMAGED, "", damage)


def _torn_array(piece: Broken, text: str, path: Path) -> Torn:
    rule = _NOT_JSON if piece.is_utf8 else _NOT_UTF8
    line = text.count("\n", 0, piece.start) + 1
    further = text.count("\n", piece.start, piece.at)
    begin, end = text.rfind("\n", 0, piece.at) + 1, text.find("\n", piece.at)
    return _torn(
        rule,
        _escaped(text[piece.start : piece.end]),
        path,
        line,
        piece.problem + (f" on line {line + further}" if further else ""),
        value=_escaped(text[begin : end if end >= 0 else len(text)]) or None,
    )


def _escaped(text: str) -> str:
    return _shown(text.encode(errors="surrogateescape"))


def _no_array(text: str, path: Path) -> InputError:
    """What is wrong with a file of that ending that does not begin as an array."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return InputError(
            path,
            line=error.lineno,
            problem=f"is not JSON: {error.msg}",
            value=text.split("\n")[error.lineno - 1],
            mend="a file with one row per line is named .jsonl",
        )
    except (ValueError, RecursionError) as error:
        return InputError(path, problem=f"cannot be read as JSON: {error}")
    return InputError(path, problem="is not a JSON array of rows", value=value)


def _parquet(path: Path) -> Iterator[Row | Torn]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such seed file") from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(path, problem=_parquet_problem(error)) from None
    number = 0
    with file:
        for group in range(file.num_row_groups):
            end = number + file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(row_groups=[group]):
                    for value in _values(batch):
                        number += 1
                        yield _row(number, value, path)
            except (OSError, pa.ArrowException) as error:
                problem = f"{_parquet_problem(error)}, up to row {end}"
                yield _torn(_DAMAGED, "", path, number + 1, problem)
            number = end


def _values(batch: Any) -> Iterator[Any]:
    """The rows of a batch; the error in the place of one whose text is no UTF-8."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for place in range(len(batch)):
            try:
                yield batch.slice(place, 1).to_pylist()[0]
            except UnicodeDecodeError as error:
                yield error


def _row(number: int, value: Any, path: Path) -> Row | Torn:
    if isinstance(value, UnicodeDecodeError):
        problem = f"cannot be read as UTF-8: {value.reason}"
        return _torn(_NOT_UTF8, _shown(value.object), path, number, problem)
    return Row(number, value)


def _parquet_problem(error: Exception) -> str:
    return f"cannot be read as Parquet: {str(error).splitlines()[0]}"


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    try:
        return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such seed file") from None
    except OSError as error:
        raise InputError(path, problem=f"cannot be read: {error}") from None


def _read(path: Path) -> tuple[bytes, InputError | None]:
    """What can be read of a file, and why the rest cannot."""
    blocks = []
    with _open(path) as file:
        try:
            while block := file.read(_BLOCK_BYTES):
                blocks.append(block)
        except _DAMAGES as error:
            return b"".join(blocks), InputError(path, problem=f"cannot be read: {error}")
    return b"".join(blocks), None


def _torn(
    rule: str, text: str, path: Path, line: int, problem: str, *, value: object = None
) -> Torn:
    return Torn(rule, text, InputError(path, line=line, problem=problem, value=value))


def _shown(data: bytes) -> str:
    """Bytes as text, also where they are none."""
    return data.decode(errors="backslashreplace").rstrip("\r\n")
