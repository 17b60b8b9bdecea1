"""Export: a data set that others can read, with a card that says where it comes from.

selection = Selection((Path("runs/mine/clean/records.parquet"),))
run_stage(Path("mine-alpaca"), selection, "alpaca", origin, identity=identity)
push(Path("mine-alpaca"), "me/mine", private=True)
"""

from __future__ import annotations

from wizardcoder.export.card import Cleaning, Evolution, Origin, Prompt, Spent, Tally, card
from wizardcoder.export.formats import FORMATS, Format
from wizardcoder.export.push import STAGE, Hub, Upload, check_name, open_hub, push, uploads
from wizardcoder.export.selection import Contents, Selection
from wizardcoder.export.stage import run_stage

__all__ = [
    "FORMATS",
    "STAGE",
    "Cleaning",
    "Contents",
    "Evolution",
    "Format",
    "Hub",
    "Origin",
    "Prompt",
    "Selection",
    "Spent",
    "Tally",
    "Upload",
    "card",
    "check_name",
    "open_hub",
    "push",
    "run_stage",
    "uploads",
]
