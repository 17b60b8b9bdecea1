"""The rows of a seed file, each with its place: JSON array, JSONL or Parquet.

JSON may be gzipped and is UTF-8 with or without a byte order mark. What the rows mean is known to
`formats`; here a row is whatever the file holds.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder.errors import InputError, MissingDataError

#: The endings of a seed file, in the order in which a name is looked up.
ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet")

_BETWEEN_ROWS = re.compile(r"\s*[\[,]\s*")


class Row(NamedTuple):
    """One row of a file, and the line on which it begins (in Parquet: its number), from 1."""

    line: int
    value: Any


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a seed file in their order.

    Raises InputError naming file and line where the file is not what its ending says,
    MissingDataError when there is no such file.
    """
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    text = _read(path)
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        for number, line in enumerate(text.split("\n"), 1):  # splitlines would split at U+2028
            if line.strip():
                yield Row(number, _decode(line, path, number))
    elif text.strip():
        yield from _array(text, path)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                for value in batch.to_pylist():
                    number += 1
                    yield Row(number, value)
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such seed file") from None
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        problem = f"cannot be read as Parquet: {str(error).splitlines()[0]}"
        raise InputError(path, problem=problem) from None


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such seed file") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(path, problem=f"cannot be read: {error}") from None


def _array(text: str, path: Path) -> Iterator[Row]:
    rows = _decode(text, path, None)
    if not isinstance(rows, list):
        raise InputError(path, problem="is not a JSON array of rows", value=rows)
    decoder, line, at = json.JSONDecoder(), 1, 0
    for row in rows:
        start = _row_start(text, at)
        line += text.count("\n", at, start)
        yield Row(line, row)
        at = decoder.raw_decode(text, start)[1]
        line += text.count("\n", start, at)


def _row_start(text: str, at: int) -> int:
    """Where the next row of a valid JSON array begins."""
    match = _BETWEEN_ROWS.match(text, at)
    return match.end() if match else at


def _decode(text: str, path: Path, line: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            path,
            line=error.lineno if line is None else line,
            problem=f"is not JSON: {error.msg}",
            value=text.split("\n")[error.lineno - 1],
            mend="a file with one row per line is named .jsonl" if line is None else "",
        ) from None
    except (ValueError, RecursionError) as error:  # a number or a depth that Python refuses
        raise InputError(path, line=line, problem=f"cannot be read as JSON: {error}") from None
