"""Seeds in the Alpaca format: `instruction`, `input`, `output`, as JSON array or JSONL.

Plain or gzipped. The file's order is kept; a seed's id is the file's name and the row's number.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.records import Record


def read_alpaca(
    path: Path, *, licence: str = "unknown", source: str | None = None, count: int | None = None
) -> list[Record]:
    """The first `count` rows (None: all) of an Alpaca file as seeds, `round` 0.

    Every row is checked, also those after `count`. Raises InputError naming file, line and field
    (in a JSON array: the number of the row), MissingDataError when there is no such file.
    """
    name = path.name.removesuffix(".gz").rpartition(".")[0]
    records = [
        _seed(row, f"{name}/{number:06d}", source or name, licence, path, number)
        for number, row in _rows(path)
    ]
    if not records:
        raise InputError(path, problem="holds no seeds")
    return list(islice(records, count))


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such seed file") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(path, problem=f"cannot be read: {error}") from None
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _decode(line, path, number)
        return
    rows = _decode(text, path, None)
    if not isinstance(rows, list):
        raise InputError(path, problem="is not a JSON array of rows", value=rows)
    yield from enumerate(rows, 1)


def _decode(text: str, path: Path, line: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = line if line is not None else error.lineno
        raise InputError(path, line=where, problem=f"is not JSON: {error.msg}") from None


def _seed(row: Any, seed_id: str, source: str, licence: str, path: Path, number: int) -> Record:
    if not isinstance(row, dict):
        raise InputError(path, line=number, problem="is not a JSON object", value=row)
    for key in ("instruction", "output"):
        if key not in row:
            mend = f"a row needs instruction and output; this one has {', '.join(sorted(row))}"
            raise InputError(path, line=number, field=key, problem="is missing", mend=mend)
    texts = {key: row.get(key, "") for key in ("instruction", "input", "output")}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise InputError(path, line=number, field=key, value=text, problem="is not text")
    if not texts["instruction"].strip():
        raise InputError(path, line=number, field="instruction", problem="is empty")
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
