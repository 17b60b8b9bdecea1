"""The attempts of a stage: their texts in a shard on disk, everything else in memory.

Twenty thousand lineages are some sixty thousand attempts and hundreds of megabytes of text; what
each came to, and where its texts lie, is a tenth of that.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from wizardcoder.evolve.lineage import TEACHER_FAILED, TEACHER_REFUSED, Attempt
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Stage, from_json, stream_parquet

#: The rules of attempts that never came to a reply: going on tries them again.
UNANSWERED = frozenset({TEACHER_FAILED, TEACHER_REFUSED})
#: ... until so many executions have failed them.
PATIENCE = 3

_SHARD = "attempts"
_TEXTS = ("id", "instruction", "response", "source", "licence", "teacher_terms", "system")
_NO_TEXTS: Mapping[str, Any] = {**dict.fromkeys(_TEXTS, ""), "parent_id": None}


class _Kept(NamedTuple):
    """An attempt without its texts, and the byte of the shard where the whole one begins."""

    outline: Attempt
    offset: int


class Attempts:
    """The attempts that a stage has on disk, and those that are added."""

    def __init__(self, stage: Stage, earlier: Path | None = None) -> None:
        """What an interrupted execution left; `earlier` is a finished folder to take over from.

        The lineages end before the first attempt that is to be tried again.
        """
        self._lineages: dict[str, list[_Kept]] = defaultdict(list)
        self._failures: Counter[tuple[str, int]] = Counter()
        for offset, attempt in stage.located(_SHARD, Attempt):
            self._keep(attempt, offset)
        self._shard = stage.shard(_SHARD)
        if earlier is not None:
            self._take_over(earlier)
        self._drop_unanswered()

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt; it is on disk when this returns."""
        self._keep(attempt, self._shard.append(attempt))

    def of(self, lineage: str) -> list[Attempt]:
        """The attempts of one lineage, whole, by round."""
        if not self._lineages.get(lineage):
            return []
        with self._shard.path.open("rb") as file:
            return [_read(file, kept.offset) for kept in self._lineages[lineage]]

    def outlines(self) -> list[Attempt]:
        """All attempts without their texts, by (lineage, round)."""
        return [kept.outline for kept in self._ordered()]

    def whole(self, *, accepted: bool) -> Iterator[Attempt]:
        """The accepted or the rejected attempts as they are on disk, by (lineage, round)."""
        with self._shard.path.open("rb") as file:
            for kept in self._ordered():
                if kept.outline.accepted is accepted:
                    yield _read(file, kept.offset)

    def to_try_again(self) -> list[Attempt]:
        """The attempts that a teacher failed, and that deserve another execution."""
        return [
            attempt
            for attempt in self.outlines()
            if attempt.rule == TEACHER_FAILED and self._failures[_key(attempt)] < PATIENCE
        ]

    def _ordered(self) -> Iterator[_Kept]:
        return (kept for lineage in sorted(self._lineages) for kept in self._lineages[lineage])

    def _keep(self, attempt: Attempt, offset: int) -> None:
        if attempt.rule in UNANSWERED:
            self._failures[_key(attempt)] += 1
        lineage = self._lineages[attempt.seed_id]
        del lineage[attempt.round - 1 :]  # a later execution tried this round again
        lineage.append(_Kept(replace(attempt, **_NO_TEXTS), offset))

    def _take_over(self, earlier: Path) -> None:
        for attempt in _finished(earlier):
            if len(self._lineages[attempt.seed_id]) < attempt.round:
                self.add(attempt)
            if attempt.rule in UNANSWERED:
                self._failures[_key(attempt)] = PATIENCE  # what is finished stays

    def _drop_unanswered(self) -> None:
        for lineage in self._lineages.values():
            again = (
                number
                for number, (attempt, _) in enumerate(lineage)
                if attempt.rule in UNANSWERED and self._failures[_key(attempt)] < PATIENCE
            )
            del lineage[next(again, len(lineage)) :]


def _finished(folder: Path) -> Iterator[Attempt]:
    """The attempts of a finished stage folder, by (lineage, round)."""
    accepted = map(Attempt.of, stream_parquet(folder / "records.parquet", Record))
    rejected = map(Attempt.of, stream_parquet(folder / "rejected.parquet", Rejected))
    return heapq.merge(accepted, rejected, key=_key)


def _read(file: BinaryIO, offset: int) -> Attempt:
    file.seek(offset)
    return from_json(json.loads(file.readline()), Attempt)


def _key(attempt: Record) -> tuple[str, int]:
    return attempt.seed_id, attempt.round
