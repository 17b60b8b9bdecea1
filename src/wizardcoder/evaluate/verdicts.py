"""Verdicts in a stage folder, each with the code that it is of.

Of a run's arm, they are a Parquet table that repeats byte for byte: times vary from run to run, so
they are not in it but in `timings.jsonl`, a line for each row. Of a file of completions they are
`verdicts.jsonl`, with the times, for anybody's tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from wizardcoder.errors import InputError
from wizardcoder.records import Completion, Outcome, Verdict
from wizardcoder.storage import (
    Json,
    from_json,
    is_table,
    read_jsonl,
    read_parquet,
    text_digest,
    to_json,
    write_text,
)

_LINES, _TABLE, _TIMINGS = "verdicts.jsonl", "verdicts.parquet", "timings.jsonl"
_TIMES = ("cpu_seconds", "wall_seconds", "peak_bytes")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen(Verdict):
    """A verdict with a digest of the code that it is of; "" where that was not written down."""

    code_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _First:
    """A verdict without what differs from run to run, as the first tables had it."""

    task_id: str
    sample: int
    outcome: Outcome
    reason: str
    attested: bool
    sandbox_level: str
    base: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled(_First):
    """A row of the table of verdicts."""

    code_digest: str


def code_digest(completion: Completion) -> str:
    """What tells the code of completions apart."""
    return text_digest(completion.code)


def fallen(verdict: Verdict, digest: str) -> Fallen:
    """A verdict with the code that it is of."""
    return Fallen(**_values(verdict, Verdict), code_digest=digest)


def ruled(verdicts: Iterable[Fallen]) -> list[Ruled]:
    """The rows of the table."""
    return [Ruled(**_values(verdict, Ruled)) for verdict in verdicts]


def write_timings(folder: Path, verdicts: Iterable[Verdict]) -> None:
    """The times of the table's rows, beside it."""
    rows = ({name: getattr(verdict, name) for name in _TIMES} for verdict in verdicts)
    write_text(folder / _TIMINGS, "".join(json.dumps(row) + "\n" for row in rows))


def write_lines(folder: Path, verdicts: Iterable[Fallen]) -> None:
    """All that is known of each verdict, a line each."""
    text = "".join(f"{json.dumps(to_json(verdict))}\n" for verdict in verdicts)
    write_text(folder / _LINES, text)


def read_verdicts(path: Path) -> list[Verdict]:
    """The verdicts of a finished stage folder, with their times."""
    return [Verdict(**_values(verdict, Verdict)) for verdict in read_fallen(path)]


def read_fallen(path: Path) -> Iterator[Fallen]:
    """The verdicts of a finished stage folder, with their times and the code that they are of.

    Raises InputError when they are gone.
    """
    if (path / _LINES).exists():
        yield from read_jsonl(path / _LINES, Fallen)
        return
    if not (path / _TABLE).exists():
        mend = f"remove the folder {path} to judge anew"
        raise InputError(path, problem="has lost its verdicts", mend=mend)
    kind = Ruled if is_table(path / _TABLE, Ruled) else _First
    rows: Sequence[_First] = read_parquet(path / _TABLE, kind)
    lines = (path / _TIMINGS).read_text(encoding="utf-8").splitlines()
    for row, line in zip(rows, lines, strict=True):
        yield from_json({**_values(row, kind), **json.loads(line)}, Fallen)


def _values(row: object, kind: type[_T]) -> Json:
    return {f.name: getattr(row, f.name) for f in fields(kind)}  # type: ignore[arg-type]
