"""Train: instruction tuning with packed rows and response-only loss, resumable bit for bit.

fit(records, base=Path("model/base"), options=recipe.train, out=Path("model/seed"))
"""

from __future__ import annotations

from wizardcoder.train.best import Score
from wizardcoder.train.checkpoint import fingerprint
from wizardcoder.train.examples import Example
from wizardcoder.train.processes import Processes, join
from wizardcoder.train.shards import map_shards, records_digest, write_shards
from wizardcoder.train.stage import HOW_NOT_WHAT, TrainResult, check, fit, pretrain
from wizardcoder.train.templates import from_records
from wizardcoder.train.tiny import TinyBase, parse_options

__all__ = [
    "HOW_NOT_WHAT",
    "Example",
    "Processes",
    "Score",
    "TinyBase",
    "TrainResult",
    "check",
    "fingerprint",
    "fit",
    "from_records",
    "join",
    "map_shards",
    "parse_options",
    "pretrain",
    "records_digest",
    "write_shards",
]
