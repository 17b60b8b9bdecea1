"""Evolve: Code Evol-Instruct, every lineage on its own, every attempt accounted for.

async with teacher:
    evolved = await evolve(seeds, Plan(rounds=3, ...), teacher.ask)
"""

from __future__ import annotations

from wizardcoder.evolve.lineage import Attempt
from wizardcoder.evolve.plan import Plan, PlanTeacher
from wizardcoder.evolve.stage import Evolved, evolve, run_stage
from wizardcoder.evolve.verification import Trial, Verification, Verify

__all__ = [
    "Attempt",
    "Evolved",
    "Plan",
    "PlanTeacher",
    "Trial",
    "Verification",
    "Verify",
    "evolve",
    "run_stage",
]
