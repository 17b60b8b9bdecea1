"""The clean stage: tables of records in; what is kept, what is not and why, and all evidence out.

What goes by which rule is decided by `sweep`. Memory: what the texts take, and those that are kept
once more while they are written.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wizardcoder.clean import columns
from wizardcoder.clean.contamination import Check, Problems
from wizardcoder.clean.counts import counts_of, near_by_relation
from wizardcoder.clean.duplicates import Relation
from wizardcoder.clean.hits import Hit
from wizardcoder.clean.rows import of_records, read_rows
from wizardcoder.clean.sweep import Findings, Targets, sweep
from wizardcoder.progress import Watch, unwatched
from wizardcoder.recipe import Clean, changed
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, Stage, from_table, open_stage

if TYPE_CHECKING:
    import pyarrow as pa

_SPILL = ".spill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A fault of a record by itself; `drops`: a record is rejected for it, else kept."""

    record_id: str
    rule: str
    detail: str
    drops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """The programming language of a kept record ("" if none shows), and its tokens, question and
    response together.
    """

    record_id: str
    language: str
    tokens: int


class Cleaned(NamedTuple):
    """The outcome of cleaning: records in = kept + rejected, both by (seed id, round).

    `hits`: everything found of a benchmark, `flags`: every fault of a record by itself, both of
    kept records too. `near_duplicates` counts by relation; those of the same lineage were kept.
    """

    kept: list[Record]
    rejected: list[Rejected]
    hits: list[Hit]
    near_duplicates: Counter[Relation]
    flags: list[Flagged]


def clean(
    records: Sequence[Record],
    options: Clean,
    problems: Problems,
    checks: Mapping[str, Check] | None = None,
    *,
    jobs: int = 1,
    watch: Watch = unwatched,
) -> Cleaned:
    """Clean records; the outcome does not depend on their order, nor on `jobs`.

    `problems` are those of each benchmark that must not be in the data; `checks` are benchmarks'
    own, on texts that may hold code. Raises UsageError when two records have the same id.
    """
    table = of_records(records)
    found = sweep(table, options, Targets(problems, checks or {}), jobs=jobs, watch=watch)
    kept, rejected = _split(table, found)
    return Cleaned(
        from_table(kept, Record),
        from_table(rejected, Rejected),
        found.hits,
        near_by_relation(found),
        list(_flags(table, found)),
    )


def run_stage(
    path: Path,
    tables: Sequence[Path],
    options: Clean,
    targets: Targets,
    *,
    identity: Identity,
    jobs: int = 1,
    force: bool = False,
    watch: Watch = unwatched,
) -> Json:
    """Clean the records of Parquet tables into the stage folder `path`; returns the manifest.

    Writes records.parquet (those kept), rejected.parquet, hits.parquet, flags.parquet and
    tags.parquet: the same bytes for any number of `jobs`. Raises UsageError when two records have
    the same id.
    """
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        table = read_rows(tables)
        with _spill(stage) as spill:
            found = sweep(table, options, targets, jobs=jobs, spill=spill, watch=watch)
        kept, rejected = _split(table, found)
        return stage.finish(
            {
                "records": (Record, kept),
                "rejected": (Rejected, rejected),
                "hits": (Hit, found.hits),
                "flags": (Flagged, _flags(table, found)),
                "tags": (Tag, _tags(kept["id"], found)),
            },
            counts={**counts_of(table, found), "changed_options": _changed(options)},
        )


@contextmanager
def _spill(stage: Stage) -> Iterator[Path]:
    """A folder for what memory does not hold, within the unfinished stage and gone with it."""
    folder = stage.partial / _SPILL
    shutil.rmtree(folder, ignore_errors=True)  # of an execution that was killed
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _split(table: pa.Table, found: Findings) -> tuple[pa.Table, pa.Table]:
    """The rows kept, and the rejected ones with rule and detail."""
    import pyarrow as pa

    gone = np.fromiter(found.removed, np.int64, len(found.removed))
    is_kept = np.ones(len(table), bool)
    is_kept[gone] = False
    rejected = columns.where(table, ~is_kept)
    for name, values in zip(("rule", "detail"), _columns(found), strict=True):
        rejected = rejected.append_column(name, pa.array(values, pa.string()))
    return columns.where(table, is_kept) if len(gone) else table, rejected


def _columns(found: Findings) -> tuple[list[str], list[str]]:
    removals = found.removed.values()
    return [removal.rule for removal in removals], [removal.detail for removal in removals]


def _flags(table: pa.Table, found: Findings) -> Iterator[Flagged]:
    flags = found.shape.flags
    rows = np.array([flag.row for flag in flags], np.int64)
    for record_id, flag in zip(table["id"].take(rows).to_pylist(), flags, strict=True):
        yield Flagged(record_id=record_id, rule=flag.rule, detail=flag.detail, drops=flag.drops)


def _tags(kept: pa.ChunkedArray, found: Findings) -> Iterator[Tag]:
    rows = (row for row in range(len(found.shape.languages)) if row not in found.removed)
    for record_id, row in zip(_values(kept), rows, strict=True):
        language, tokens = found.shape.languages[row], int(found.shape.tokens[row])
        yield Tag(record_id=record_id, language=language, tokens=tokens)


def _values(column: pa.ChunkedArray) -> Iterator[str]:
    for chunk in column.chunks:
        yield from chunk.to_pylist()


def _changed(options: Clean) -> dict[str, list[object]]:
    """Every option that differs from its default, as JSON: [default, value]."""
    return {key: list(pair) for key, pair in changed(options).items()}
