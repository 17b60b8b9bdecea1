"""Problems of the user's own: what training data must not hold, and what it may be judged by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from wizardcoder.benchmarks import rows
from wizardcoder.benchmarks.benchmark import Benchmark
from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.records import Problem
from wizardcoder.storage import sha256

#: What a row may hold besides its `task_id`, and what is looked for in records.
_SAID = ("prompt", "instruction", "canonical_solution")
_OPTIONAL = ("entry_point", "test")


def read(path: Path) -> Benchmark:
    """The problems of a JSONL, JSON or Parquet file; the benchmark is called as the file is.

    A row is {task_id, prompt or instruction, canonical_solution, entry_point, test}, as in
    HumanEval: `prompt` is code that the solution continues, `instruction` a text with which the
    solution stands alone, `test` defines `check(candidate)`. Only `task_id` and one of the texts
    must be there. Raises MissingDataError when there is no such file, InputError naming file, row
    and field.
    """
    problems: dict[str, Problem] = {}
    for row in _rows(path):
        problem = _problem(row)
        if problem.task_id in problems:
            raise row.error("task_id", "occurs more than once in the file", problem.task_id)
        problems[problem.task_id] = problem
    if not problems:
        raise InputError(path, problem="holds no problem")
    return Benchmark(
        name=Path(path.name.removesuffix(".gz")).stem,
        problems=tuple(problems.values()),
        data_sha256=sha256(path),
        assembly="completion" if all(p.prompt for p in problems.values()) else "solution",
    )


def _problem(row: rows.Row) -> Problem:
    texts = {field: _text(row, field) for field in (*_SAID, *_OPTIONAL)}
    if not any(texts[field].strip() for field in _SAID):
        raise row.error(None, f"has none of {', '.join(_SAID)}: there is nothing to look for")
    if row.table.get("task_id") is None:
        raise row.error("task_id", "is missing")
    if not isinstance(row.table["task_id"], str | int):
        raise row.error("task_id", "is neither text nor a whole number", row.table["task_id"])
    return Problem(task_id=str(row.table["task_id"]), **texts)


def _text(row: rows.Row, field: str) -> str:
    return "" if row.table.get(field) is None else row.text(field)


def _rows(path: Path) -> Iterator[rows.Row]:
    """The rows of a file; in JSON and Parquet the number of a row stands for its line."""
    if path.suffix == ".parquet":
        return _numbered(path, _parquet(path))
    if path.suffix == ".json":
        return _numbered(path, _array(path))
    return rows.read(path)


def _numbered(path: Path, table: list[object]) -> Iterator[rows.Row]:
    for number, row in enumerate(table, 1):
        if not isinstance(row, dict):
            raise InputError(path, line=number, problem="is not an object", value=row)
        yield rows.Row(path, number, row)


def _array(path: Path) -> list[object]:
    try:
        table = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file of problems") from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, problem=f"is not JSON: {error}") from None
    if not isinstance(table, list):
        raise InputError(path, problem="is not a JSON list of problems", value=table)
    return table


def _parquet(path: Path) -> list[object]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return list(file.read().to_pylist())
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file of problems") from None
    except (OSError, pa.ArrowException) as error:
        problem = f"cannot be read as Parquet: {str(error).splitlines()[0]}"
        raise InputError(path, problem=problem) from None
