"""Report: one self-contained HTML page that says what a run came to, and its numbers as JSON.

path = write_report(Results(run="demo", ...), Path("runs/demo/report"))
"""

from __future__ import annotations

from wizardcoder.report.cleaning import (
    Cleaning,
    Contamination,
    Duplicates,
    Evidence,
    Lengths,
    TouchedScore,
)
from wizardcoder.report.page import MATCHES_SHOWN, render, write_report
from wizardcoder.report.results import (
    Arm,
    Comparison,
    Deviation,
    EvolStop,
    Evolution,
    Fact,
    Group,
    GroupScore,
    Lineage,
    LineageStep,
    Results,
    ScoredRound,
    StageCost,
    Tally,
    Verification,
    Verified,
)
from wizardcoder.report.training import Training

__all__ = [
    "MATCHES_SHOWN",
    "Arm",
    "Cleaning",
    "Comparison",
    "Contamination",
    "Deviation",
    "Duplicates",
    "Evidence",
    "EvolStop",
    "Evolution",
    "Fact",
    "Group",
    "GroupScore",
    "Lengths",
    "Lineage",
    "LineageStep",
    "Results",
    "ScoredRound",
    "StageCost",
    "Tally",
    "TouchedScore",
    "Training",
    "Verification",
    "Verified",
    "render",
    "write_report",
]
