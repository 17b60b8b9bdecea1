"""Clean: nothing of a benchmark and nothing twice; every removal has one rule and its evidence.

cleaned = clean(records, recipe.Clean(), {"humaneval": humaneval.problems})
"""

from __future__ import annotations

from wizardcoder.clean.behaviour import Judge
from wizardcoder.clean.contamination import Check, Problems
from wizardcoder.clean.duplicates import Relation
from wizardcoder.clean.embedding import Asking, Reader
from wizardcoder.clean.encoder import Encoder
from wizardcoder.clean.hits import Hit
from wizardcoder.clean.stage import Cleaned, Flagged, Tag, clean, run_stage
from wizardcoder.clean.sweep import Targets

__all__ = [
    "Asking",
    "Check",
    "Cleaned",
    "Encoder",
    "Flagged",
    "Hit",
    "Judge",
    "Problems",
    "Reader",
    "Relation",
    "Tag",
    "Targets",
    "clean",
    "run_stage",
]
