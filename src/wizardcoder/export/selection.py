"""What is exported: the records of some tables up to a round, one by one, and counted.

No table is ever held as a whole: records come in batches, counts from the columns they need.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from wizardcoder.records import Record
from wizardcoder.storage import stream_parquet, tally_parquet


class Group(NamedTuple):
    """What records have in common, as far as it is counted: columns of theirs."""

    round: int
    source: str
    licence: str
    teacher: str
    teacher_terms: str
    operation: str | None
    language: str
    judge: str
    verification: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a selection holds: numbers of records.

    `sources` by (source, licence), `teachers` by (teacher, its terms); where a record has no
    teacher, operation, language, judgement or verification, it is not counted there.
    """

    records: int = 0
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    teachers: Counter[tuple[str, str]] = field(default_factory=Counter)
    rounds: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    judge: Counter[str] = field(default_factory=Counter)
    verification: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Contents:
        """What some records are, one by one."""
        return _contents(
            Counter(Group(*(getattr(each, name) for name in Group._fields)) for each in records)
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The records of `tables` whose round is at most `rounds` (None: all), by (seed id, round).

    Each table is in that order itself.
    """

    tables: tuple[Path, ...]
    rounds: int | None = None

    def __iter__(self) -> Iterator[Record]:
        tables = (stream_parquet(path, Record) for path in self.tables)
        for record in heapq.merge(*tables, key=lambda record: (record.seed_id, record.round)):
            if self._selects(record.round):
                yield record

    def contents(self) -> Contents:
        """What the selection holds, counted without reading a single text."""
        groups = Counter[Group]()
        for path in self.tables:
            for values, records in tally_parquet(path, *Group._fields).items():
                groups[Group(*values)] += records
        return _contents(Counter({g: n for g, n in groups.items() if self._selects(g.round)}))

    def _selects(self, round: int) -> bool:
        return self.rounds is None or round <= self.rounds


def _contents(groups: Counter[Group]) -> Contents:
    found = Contents(groups.total())
    for group, records in groups.items():
        found.sources[group.source, group.licence] += records
        found.licences[group.licence] += records
        found.rounds[group.round] += records
        if group.teacher:
            found.teachers[group.teacher, group.teacher_terms] += records
        for counter, value in (
            (found.operations, group.operation),
            (found.languages, group.language),
            (found.judge, group.judge),
            (found.verification, group.verification),
        ):
            if value:
                counter[value] += records
    return found
