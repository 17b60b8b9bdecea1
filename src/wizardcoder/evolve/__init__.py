"""Evolve: Code Evol-Instruct, every lineage on its own, every attempt accounted for.

async with teacher:
    evolved = await evolve(seeds, Plan(rounds=3, ...), teacher.ask)
"""

from __future__ import annotations

from wizardcoder.evolve.lineage import Attempt, Plan
from wizardcoder.evolve.stage import Evolved, evolve, run_stage

__all__ = ["Attempt", "Evolved", "Plan", "evolve", "run_stage"]
