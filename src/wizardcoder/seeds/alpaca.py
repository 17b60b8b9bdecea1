"""Seeds in the Alpaca format: `instruction`, `input`, `output`, as JSON array or JSONL.

Plain or gzipped, UTF-8 with or without a byte order mark. The file's order is kept; a seed's id is
the file's name and the number of the row, counted from 1.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.records import Record

_BETWEEN_ROWS = re.compile(r"\s*[\[,]\s*")


def read_alpaca(
    path: Path, *, licence: str = "unknown", source: str | None = None, count: int | None = None
) -> list[Record]:
    """The first `count` rows (None: all) of an Alpaca file as seeds, `round` 0.

    Every row is checked, also those after `count`. Raises InputError naming file, field and the
    line on which the row begins, MissingDataError when there is no such file.
    """
    name = Path(path.name.removesuffix(".gz")).stem
    records = [
        _seed(row, f"{name}/{number:06d}", source or name, licence, path, line)
        for number, (line, row) in enumerate(_rows(path), 1)
    ]
    if not records:
        raise InputError(path, problem="holds no seeds")
    return list(islice(records, count))


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Each row with the line on which it begins."""
    text = _read(path)
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        for number, line in enumerate(text.split("\n"), 1):  # splitlines would split at U+2028
            if line.strip():
                yield number, _decode(line, path, number)
    elif text.strip():
        yield from _array(text, path)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such seed file") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(path, problem=f"cannot be read: {error}") from None


def _array(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    rows = _decode(text, path, None)
    if not isinstance(rows, list):
        raise InputError(path, problem="is not a JSON array of rows", value=rows)
    decoder, line, at = json.JSONDecoder(), 1, 0
    for row in rows:
        start = _row_start(text, at)
        line += text.count("\n", at, start)
        yield line, row
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


def _seed(row: Any, seed_id: str, source: str, licence: str, path: Path, line: int) -> Record:
    if not isinstance(row, dict):
        raise InputError(path, line=line, problem="is not a JSON object", value=row)
    for key in ("instruction", "output"):
        if key not in row:
            has = ", ".join(sorted(row)) or "no field"
            mend = f"a row needs instruction and output; this one has {has}"
            raise InputError(path, line=line, field=key, problem="is missing", mend=mend)
    texts = {key: row.get(key, "") for key in ("instruction", "input", "output")}
    for key, text in texts.items():
        if problem := _problem(text):
            raise InputError(path, line=line, field=key, value=text, problem=problem)
    if not texts["instruction"].strip():
        raise InputError(
            path, line=line, field="instruction", value=texts["instruction"], problem="is empty"
        )
    return Record(
        id=seed_id,
        seed_id=seed_id,
        round=0,
        parent_id=None,
        operation=None,
        instruction=texts["instruction"],
        input=texts["input"],
        response=texts["output"],
        source=source,
        licence=licence,
        teacher="",
        teacher_terms="",
    )


def _problem(value: object) -> str | None:
    if value is None:
        return "is null, not text"
    if not isinstance(value, str):
        return "is not text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no Unicode text"
    return None
