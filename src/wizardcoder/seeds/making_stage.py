"""The seeds stage where a teacher helps: every attempt on disk as soon as it is decided."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from wizardcoder.errors import TeacherError
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.asking import Teachers
from wizardcoder.seeds.making import Attempt, Source, make
from wizardcoder.seeds.stage import counts_of
from wizardcoder.storage import Identity, Json, Stage, open_stage
from wizardcoder.teacher import Teacher


@dataclass(frozen=True, slots=True)
class _Begun:
    """The last call in the ledger before the stage first began: its cost is all that follows."""

    last_call: int


def make_stage(
    path: Path,
    open_source: Callable[[Teachers], Source],
    asking: Callable[[], AbstractContextManager[Sequence[Teacher]]],
    *,
    wanted: int | None,
    seed: int,
    identity: Identity,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Make `wanted` seeds (None: all that the source has) into the folder `path`; the manifest.

    `asking` opens the teachers, which share a ledger, only if there is something to ask.
    Interrupted, it goes on by asking the ledger again. Raises TeacherError when the teacher has no
    new ideas: what it has made is kept, and the message says how to go on with it.
    """
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        with asking() as found:
            ledger = found[0].ledger
            keep = _Keeping(stage, ledger.last_id, wanted, progress)
            teachers = Teachers(found, seed, on_reply=keep.begin)
            source = open_source(teachers)
            attempts = asyncio.run(_work(source, teachers, wanted, keep))
            cost = {
                **ledger.totals(since_id=keep.first_call)._asdict(),
                "priced": all(teacher.price is not None for teacher in found),
            }
            return _finish(stage, source, attempts, wanted, cost)


def _finish(
    stage: Stage, source: Source, attempts: Sequence[Attempt], wanted: int | None, cost: Json
) -> Json:
    accepted = [attempt.record() for attempt in attempts if attempt.accepted]
    if source.exhausted and len(accepted) < (wanted or 0):
        raise TeacherError(_too_few(len(accepted), wanted, source.exhausted))
    rejected = [Rejected.of(a, a.rule, a.detail) for a in attempts if not a.accepted]
    rejected += source.left_out
    seeds = sorted(accepted, key=lambda seed: seed.id)
    refused = sorted(rejected, key=lambda row: row.id)
    return stage.finish(
        {"records": (Record, seeds), "rejected": (Rejected, refused)},
        counts={**counts_of(seeds, refused), **source.counts},
        cost=cost,
    )


async def _work(
    source: Source, teachers: Teachers, wanted: int | None, keep: _Keeping
) -> list[Attempt]:
    async with AsyncExitStack() as stack:
        for teacher in teachers.all:
            await stack.enter_async_context(teacher)
        return await make(source, teachers, wanted, keep)


class _Keeping:
    """Appends every attempt to a shard, but for those that an earlier execution has left there."""

    def __init__(
        self, stage: Stage, last_call: int, wanted: int | None, progress: Progress
    ) -> None:
        kept = stage.resume("attempts", Attempt)
        begun = stage.resume("begun", _Begun)
        self.first_call = begun[0].last_call if begun else last_call
        self._kept = {(attempt.id, attempt.rule) for attempt in kept}
        self._attempts = stage.shard("attempts")
        self._begun = stage.shard("begun")
        self._has_begun = bool(begun)
        self._tally: Counter[bool] = Counter()
        self._wanted = wanted
        self._progress = progress

    def begin(self) -> None:
        """Remember where the cost begins: at the first reply, before which nothing is made."""
        if not self._has_begun:
            self._begun.append(_Begun(self.first_call))
            self._has_begun = True

    def __call__(self, attempt: Attempt) -> None:
        if (attempt.id, attempt.rule) not in self._kept:
            self._attempts.append(attempt)
        tally = self._tally
        tally[attempt.accepted] += 1
        total = self._wanted or tally.total()
        self._progress(tally[True], total, f"{tally[True]} accepted, {tally[False]} rejected")


def _too_few(made: int, wanted: int | None, why: str) -> str:
    if not made:
        return f"made none of {wanted} seeds: {why}"
    return (
        f"made {made} of {wanted} seeds: {why}; to go on with what there is, run again with "
        f"--set seeds.count={made} --force: what has been answered is not paid again"
    )
