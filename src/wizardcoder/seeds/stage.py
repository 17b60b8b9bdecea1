"""The seeds stage: whatever the source, one table of records of round 0, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.reading import Reading
from wizardcoder.storage import Identity, Json, open_stage

Row = TypeVar("Row", bound=Record)


def run_stage(
    path: Path, read: Callable[[], Reading], *, identity: Identity, force: bool = False
) -> Json:
    """Write what `read` returns into the stage folder `path`; returns the manifest."""
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        reading = read()
        seeds, rejected = _in_order(reading.records), _in_order(reading.rejected)
        return stage.finish(
            {"records": (Record, seeds), "rejected": (Rejected, rejected)},
            counts=counts_of(seeds, rejected),
        )


def counts_of(seeds: Sequence[Record], rejected: Sequence[Rejected]) -> dict[str, Any]:
    """What a manifest says of seeds: rows = seeds + rejected."""
    return manifest_counts(Counter(seed.licence for seed in seeds), rejected)


def manifest_counts(licences: Counter[str], rejected: Sequence[Rejected]) -> dict[str, Any]:
    """What a manifest says of seeds; `licences` of every seed, counted."""
    return {
        "seeds": licences.total(),
        "rejected": len(rejected),
        "rules": dict(sorted(Counter(row.rule for row in rejected).items())),
        "licences": dict(sorted(licences.items())),
    }


def _in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.id)
