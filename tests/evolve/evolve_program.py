"""Evolves seeds in a process of its own, so that a test can kill it.

python evolve_program.py FOLDER ENDPOINT SEEDS COUNT CONCURRENCY

The ledger and the stage folder `evolved` lie in FOLDER; two rounds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from wizardcoder import evolve, recipe
from wizardcoder.seeds import read_file
from wizardcoder.storage import Identity
from wizardcoder.teacher import HttpTransport, Ledger, Teacher


def evolve_file(folder: Path, endpoint: str, seeds: Path, count: int, concurrency: int) -> None:
    """Evolve the first seeds of a file into `folder/evolved`, going on with what is there."""
    options = recipe.Teacher(model="mock", endpoint=endpoint, concurrency=concurrency)
    transport = HttpTransport(endpoint, api_key=None, timeout_seconds=60.0, connections=concurrency)
    teacher = evolve.PlanTeacher("mock", "none")
    plan = evolve.Plan(2, recipe.Evolve().operations, 0, [teacher])
    with Ledger(folder / "ledger.sqlite") as ledger:
        evolve.run_stage(
            folder / "evolved",
            read_file(seeds, count=count).records,
            plan,
            [Teacher(options, transport, ledger)],
            identity=Identity("evolve", {"count": count}),
        )


if __name__ == "__main__":
    _, folder, endpoint, seeds, count, concurrency = sys.argv
    evolve_file(Path(folder), endpoint, Path(seeds), int(count), int(concurrency))
