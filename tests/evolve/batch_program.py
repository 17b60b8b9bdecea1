"""Evolves seeds by the batch API in a process of its own, so that a test can kill it.

python batch_program.py FOLDER ENDPOINT SEEDS COUNT

The ledger and the stage folder `evolved` lie in FOLDER; two rounds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from wizardcoder import evolve, recipe
from wizardcoder.seeds import read_file
from wizardcoder.storage import Identity
from wizardcoder.teacher import BatchApi, BatchTransport, Ledger, Teacher


def evolve_by_batches(folder: Path, endpoint: str, seeds: Path, count: int) -> None:
    """Evolve the first seeds of a file into `folder/evolved`, going on with what is there."""
    options = recipe.Teacher(
        model="mock",
        endpoint=endpoint,
        batch=True,
        usd_per_million_prompt_tokens=1e6,
        usd_per_million_completion_tokens=2e6,
    )
    api = BatchApi(endpoint, api_key=None, timeout_seconds=60.0)
    plan = evolve.Plan(2, recipe.Evolve().operations, 0, [evolve.PlanTeacher("mock", "none")])
    with Ledger(folder / "ledger.sqlite") as ledger:
        transport = BatchTransport(api, ledger, options.model, poll_seconds=0.2)
        evolve.run_stage(
            folder / "evolved",
            read_file(seeds, count=count).records,
            plan,
            [Teacher(options, transport, ledger)],
            identity=Identity("evolve", {"count": count}),
        )


if __name__ == "__main__":
    _, folder, endpoint, seeds, count = sys.argv
    evolve_by_batches(Path(folder), endpoint, Path(seeds), int(count))
