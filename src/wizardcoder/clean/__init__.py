"""Clean: nothing of a benchmark and nothing twice; every removal has one rule and its evidence.

cleaned = clean(records, recipe.Clean(), {"humaneval": humaneval.problems})
"""

from __future__ import annotations

from wizardcoder.clean.contamination import Check, Problems
from wizardcoder.clean.duplicates import Relation
from wizardcoder.clean.hits import Hit
from wizardcoder.clean.stage import Cleaned, clean, run_stage

__all__ = ["Check", "Cleaned", "Hit", "Problems", "Relation", "clean", "run_stage"]
