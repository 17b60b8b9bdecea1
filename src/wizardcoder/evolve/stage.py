"""The evolve stage: many lineages at once, each attempt on disk as soon as it is made."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder.errors import TeacherError, UsageError
from wizardcoder.evolve.lineage import TEACHER_FAILED, Ask, Attempt, Plan, walk
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, open_stage
from wizardcoder.teacher import Teacher

#: A teacher that fails this many attempts in a row, each after all its retries, is down.
FAILURES_IN_A_ROW = 10

Lineages = Mapping[str, Sequence[Attempt]]


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
    ask: Ask,
    *,
    concurrency: int = 64,
    done: Lineages | None = None,
    on_attempt: Callable[[Attempt], None] = lambda attempt: None,
) -> Evolved:
    """Evolve every seed; `done` are the attempts of an earlier execution, `on_attempt` sees
    new ones.

    Raises TeacherAccessError at once, TeacherError when the teacher fails ten times in a row, and
    UsageError when two seeds have the same id.
    """
    _check_ids(seeds)
    lineages = {seed.id: list((done or {}).get(seed.id, ())) for seed in seeds}
    queue = iter(seeds)
    failures = 0

    async def walk_lineages() -> None:
        nonlocal failures
        for seed in queue:
            async for attempt in walk(seed, tuple(lineages[seed.id]), plan, ask):
                lineages[seed.id].append(attempt)
                on_attempt(attempt)
                failures = failures + 1 if attempt.rule == TEACHER_FAILED else 0
                if failures >= FAILURES_IN_A_ROW:
                    raise TeacherError(f"{attempt.detail} ({failures} failures in a row)")

    await _all_or_none([walk_lineages() for _ in range(min(concurrency, len(seeds)))])
    return _split([attempt for attempts in lineages.values() for attempt in attempts])


def run_stage(
    path: Path,
    seeds: Sequence[Record],
    plan: Plan,
    teacher: Teacher,
    *,
    identity: Identity,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Evolve `seeds` into the stage folder `path`, resuming what is there; returns the manifest."""
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        lineages = _resume(stage.resume("attempts", Attempt))
        shard = stage.shard("attempts")
        total = len(seeds) * plan.rounds
        tally = Counter(attempt.accepted for rows in lineages.values() for attempt in rows)

        begun = stage.resume("begun", _Begun)
        begun_shard = stage.shard("begun")
        first_call = begun[0].last_call if begun else teacher.ledger.last_id

        def keep(attempt: Attempt) -> None:
            if not begun:  # only now: a stage that made nothing belongs to no recipe
                begun.append(_Begun(first_call))
                begun_shard.append(begun[0])
            shard.append(attempt)
            tally[attempt.accepted] += 1
            progress(tally.total(), total, f"{tally[True]} accepted, {tally[False]} rejected")

        async def work() -> Evolved:
            async with teacher:
                width = teacher.options.concurrency
                return await evolve(
                    seeds, plan, teacher.ask, concurrency=width, done=lineages, on_attempt=keep
                )

        evolved = asyncio.run(work())
        return stage.finish(
            {"records": (Record, evolved.accepted), "rejected": (Rejected, evolved.rejected)},
            counts={"seeds": len(seeds), **_counts(evolved)},
            cost=teacher.ledger.totals(since_id=first_call)._asdict(),
        )


def _check_ids(seeds: Sequence[Record]) -> None:
    ids = Counter(seed.id for seed in seeds)
    if twice := [key for key, times in ids.items() if times > 1]:
        raise UsageError(
            f"{len(twice)} seed ids occur more than once, the first is {twice[0]!r}: "
            "every lineage needs an id of its own"
        )


def _resume(rows: Sequence[Attempt]) -> dict[str, list[Attempt]]:
    """The attempts of each lineage, up to the first one that the teacher failed."""
    lineages: dict[str, list[Attempt]] = defaultdict(list)
    for row in rows:
        del lineages[row.seed_id][row.round - 1 :]  # a later execution tried this round again
        lineages[row.seed_id].append(row)
    for attempts in lineages.values():
        failed = (n for n, attempt in enumerate(attempts) if attempt.rule == TEACHER_FAILED)
        del attempts[next(failed, len(attempts)) :]
    return lineages


def _split(attempts: Sequence[Attempt]) -> Evolved:
    ordered = sorted(attempts, key=lambda attempt: (attempt.seed_id, attempt.round))
    return Evolved(
        [a.record() for a in ordered if a.accepted],
        [Rejected.of(a, a.rule, a.detail) for a in ordered if not a.accepted],
    )


def _counts(evolved: Evolved) -> dict[str, Any]:
    accepted, rejected = evolved
    return {
        "attempts": len(accepted) + len(rejected),
        "accepted": len(accepted),
        "rejected": len(rejected),
        "rules": dict(sorted(Counter(r.rule for r in rejected).items())),
        "accepted_by_round": dict(sorted(Counter(str(r.round) for r in accepted).items())),
        "accepted_by_operation": dict(sorted(Counter(str(r.operation) for r in accepted).items())),
    }


async def _all_or_none(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all; when one fails, stop the others and raise its error."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
