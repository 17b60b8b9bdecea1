"""The evolve stage: many lineages at once, each attempt on disk as soon as it is made."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder.errors import MissingReplyError, TeacherError, UsageError
from wizardcoder.evolve import judging, verification
from wizardcoder.evolve.attempts import PATIENCE, UNANSWERED, Attempts
from wizardcoder.evolve.lineage import Ask, Attempt, walk
from wizardcoder.evolve.plan import Plan
from wizardcoder.evolve.verification import Verify
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, Stage, open_stage, read_manifest
from wizardcoder.teacher import Teacher

#: A teacher that fails this many attempts in a row, each after all its retries, is down.
FAILURES_IN_A_ROW = 10
#: How often progress is told while no attempt ends.
_TELL_SECONDS = 10.0
_FATES = ("accepted", "rejected")


@dataclass(frozen=True, slots=True)
class _Begun:
    """The last call in the ledger before the stage first began: its cost is all that follows."""

    last_call: int


class Evolved(NamedTuple):
    """The outcome of evolving: attempts = accepted + rejected, both by (seed id, round)."""

    accepted: list[Record]
    rejected: list[Rejected]


async def evolve(
    seeds: Sequence[Record],
    plan: Plan,
    *asks: Ask,
    verify: Verify | None = None,
    concurrency: int = 64,
) -> Evolved:
    """Evolve every seed; `asks` are the plan's teachers in its order, `verify` tries answers out.

    Raises as `walk_all` does.
    """
    attempts: list[Attempt] = []
    await walk_all(
        seeds, plan, asks, verify=verify, concurrency=concurrency, on_attempt=attempts.append
    )
    attempts.sort(key=lambda attempt: (attempt.seed_id, attempt.round))
    return Evolved(
        [attempt.record() for attempt in attempts if attempt.accepted],
        [attempt.rejection() for attempt in attempts if not attempt.accepted],
    )


async def walk_all(
    seeds: Sequence[Record],
    plan: Plan,
    asks: Sequence[Ask],
    *,
    verify: Verify | None = None,
    concurrency: int = 64,
    done: Callable[[str], Sequence[Attempt]] = lambda lineage: (),
    on_attempt: Callable[[Attempt], None],
) -> None:
    """Walk the lineages of all seeds; `done` tells the attempts of an earlier execution, and
    `on_attempt` sees the new ones.

    Raises TeacherAccessError at once, TeacherError when a teacher fails ten times in a row,
    MissingReplyError at the end where a replay lacks replies, and UsageError when two seeds have
    the same id.
    """
    _check_ids(seeds)
    queue = iter(seeds)
    failures = [0] * len(asks)  # of each teacher, in a row
    missing: dict[str, MissingReplyError] = {}

    async def walk_lineages() -> None:
        for seed in queue:
            try:
                await walk_one(seed)
            except MissingReplyError as error:
                missing[seed.id] = error

    async def walk_one(seed: Record) -> None:
        async for attempt in walk(seed, done(seed.id), plan, asks, verify):
            on_attempt(attempt)
            teacher = plan.teacher(seed.id, attempt.round)
            failures[teacher] = failures[teacher] + 1 if attempt.rule in UNANSWERED else 0
            if (times := failures[teacher]) >= FAILURES_IN_A_ROW:
                raise TeacherError(f"{attempt.detail} ({times} failures in a row)")

    await _all_or_none([walk_lineages() for _ in range(min(concurrency, len(seeds)))])
    if missing:
        raise MissingReplyError(
            f"{len(missing)} of {len(seeds)} lineages need replies that are not there, and more "
            f"after these; the first: {missing[min(missing)]}; run it without --replay to ask"
        )


def run_stage(
    path: Path,
    seeds: Sequence[Record],
    plan: Plan,
    teachers: Sequence[Teacher],
    *,
    identity: Identity,
    verify: Verify | None = None,
    earlier: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Evolve `seeds` into the stage folder `path`, resuming what is there; returns the manifest.

    `earlier` is a finished stage folder with fewer rounds of the same: they are taken from it.

    `teachers` are the plan's, in its order; they share a ledger. Where one of them failed an
    attempt after all its retries, the stage stays unfinished and TeacherError says so: the same
    command tries again. The third execution that fails it keeps it as rejected, and finishes.
    """
    ledger = teachers[0].ledger
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        attempts = Attempts(stage, earlier)
        total = len(seeds) * plan.rounds
        tally = Counter(attempt.accepted for attempt in attempts.outlines())

        first_call = _first_call(stage, ledger.last_id)

        def keep(attempt: Attempt) -> None:
            attempts.add(attempt)
            tally[attempt.accepted] += 1
            tell()

        def tell() -> None:
            said = (f"{tally[True]} accepted", f"{tally[False]} rejected", *_notes(teachers))
            progress(tally.total(), total, ", ".join(said))

        async def work() -> None:
            async with AsyncExitStack() as stack:
                telling = asyncio.create_task(_repeat(tell))
                stack.callback(telling.cancel)
                await walk_all(
                    seeds,
                    plan,
                    [(await stack.enter_async_context(teacher)).ask for teacher in teachers],
                    verify=verify,
                    concurrency=sum(teacher.askers for teacher in teachers),
                    done=attempts.of,
                    on_attempt=keep,
                )

        asyncio.run(work())
        _check_answered(attempts)
        counts = {"seeds": len(seeds), **_counts(attempts.outlines())}
        if verify is not None:
            counts["verification"] = verification.counts(attempts.outlines(), _counted_in(earlier))
        accepted, rejected = (attempts.whole(accepted=fate) for fate in (True, False))
        return stage.finish(
            {
                "records": (Record, (attempt.record() for attempt in accepted)),
                "rejected": (Rejected, (attempt.rejection() for attempt in rejected)),
            },
            counts=counts,
            cost={
                **ledger.totals(since_id=first_call)._asdict(),
                "priced": all(teacher.price is not None for teacher in teachers),
            },
        )


def _first_call(stage: Stage, last_id: int) -> int:
    """The last call before the stage first began; `last_id` is the last one of all."""
    name = ".begun"  # hidden: a stage that made nothing yet belongs to no recipe
    begun, shard = stage.resume(name, _Begun), stage.shard(name)
    if not begun:
        begun.append(_Begun(last_id))
        shard.append(begun[0])
    return begun[0].last_call


def _check_ids(seeds: Sequence[Record]) -> None:
    ids = Counter(seed.id for seed in seeds)
    if twice := [key for key, times in ids.items() if times > 1]:
        raise UsageError(
            f"{len(twice)} seed ids occur more than once, the first is {twice[0]!r}: "
            "every lineage needs an id of its own"
        )


async def _repeat(tell: Callable[[], None]) -> None:
    """Tell again and again: an endpoint that is down, or a batch, may take hours."""
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        tell()


def _notes(teachers: Iterable[Teacher]) -> Iterator[str]:
    return (teacher.note for teacher in teachers if teacher.note)


def _counted_in(folder: Path | None) -> Json:
    """What a finished stage folder counted of its verification."""
    counts: Json = read_manifest(folder)["counts"].get("verification", {}) if folder else {}
    return counts


def _check_answered(attempts: Attempts) -> None:
    """Raise TeacherError where an attempt that a teacher failed deserves another execution."""
    if again := attempts.to_try_again():
        raise TeacherError(
            f"the teacher failed {len(again)} of {len(attempts.outlines())} attempts, the last "
            f"one: {again[-1].detail}; the others are kept: run the same command again to try "
            f"these once more (after {PATIENCE} executions they are kept as rejected)"
        )


def _counts(attempts: Sequence[Attempt]) -> dict[str, Any]:
    fates = {fate: [a for a in attempts if a.accepted is (fate == "accepted")] for fate in _FATES}
    counts: dict[str, Any] = {
        "attempts": len(attempts),
        **{fate: len(rows) for fate, rows in fates.items()},
        "rules": _counted(attempt.rule for attempt in attempts),
        "judge_unclear": sum(attempt.judge == judging.UNCLEAR for attempt in attempts),
    }
    for name in ("round", "operation", "language", "teacher"):
        for fate, rows in fates.items():
            counts[f"{fate}_by_{name}"] = _counted(str(getattr(row, name)) for row in rows)
    return counts


def _counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, sorted; without those that say nothing."""
    return dict(sorted(Counter(value for value in values if value).items()))


async def _all_or_none(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all; when one fails, stop the others and raise its error."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
