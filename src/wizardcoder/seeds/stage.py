"""The seeds stage: whatever the source, one table of records of round 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, open_stage


def run_stage(
    path: Path, read: Callable[[], Sequence[Record]], *, identity: Identity, force: bool = False
) -> Json:
    """Write the seeds that `read` returns into the stage folder `path`; returns the manifest."""
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        seeds = sorted(read(), key=lambda seed: seed.id)
        return stage.finish(
            {"records": (Record, seeds), "rejected": (Rejected, [])},
            counts={"seeds": len(seeds), "licences": dict(Counter(s.licence for s in seeds))},
        )
