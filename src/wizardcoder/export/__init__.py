"""Export: a data set that others can read, with a card that says where it comes from.

selection = Selection((Path("runs/mine/clean/records.parquet"),))
run_stage(Path("mine-alpaca"), selection, "alpaca", origin, identity=identity)
push(package(Path("mine-alpaca")), "me/mine", open_hub(), private=True)
"""

from __future__ import annotations

from wizardcoder.export.card import Cleaning, Evolution, Origin, Prompt, Spent, Tally, card
from wizardcoder.export.formats import FORMATS, Format
from wizardcoder.export.model_card import (
    BaseModel,
    ModelOrigin,
    Rate,
    Scored,
    Training,
    Untouched,
    model_card,
)
from wizardcoder.export.model_stage import MODEL_STAGE, run_model_stage
from wizardcoder.export.push import Hub, Package, Upload, check_name, open_hub, package, push
from wizardcoder.export.selection import Contents, Selection
from wizardcoder.export.stage import STAGE, run_stage

__all__ = [
    "FORMATS",
    "MODEL_STAGE",
    "STAGE",
    "BaseModel",
    "Cleaning",
    "Contents",
    "Evolution",
    "Format",
    "Hub",
    "ModelOrigin",
    "Origin",
    "Package",
    "Prompt",
    "Rate",
    "Scored",
    "Selection",
    "Spent",
    "Tally",
    "Training",
    "Untouched",
    "Upload",
    "card",
    "check_name",
    "model_card",
    "open_hub",
    "package",
    "push",
    "run_model_stage",
    "run_stage",
]
