"""Report: one self-contained HTML page that says what a run came to, and its numbers as JSON.

path = write_report(Results(run="demo", ...), Path("runs/demo/report"))
"""

from __future__ import annotations

from wizardcoder.report.page import render, write_report
from wizardcoder.report.results import (
    Arm,
    Cleaning,
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

__all__ = [
    "Arm",
    "Cleaning",
    "Comparison",
    "Deviation",
    "EvolStop",
    "Evolution",
    "Fact",
    "Group",
    "GroupScore",
    "Lineage",
    "LineageStep",
    "Results",
    "ScoredRound",
    "StageCost",
    "Tally",
    "Verification",
    "Verified",
    "render",
    "write_report",
]
