"""Train: instruction tuning with packed rows and response-only loss, resumable bit for bit.

fit(from_records(records), base=Path("model/base"), options=recipe.train, out=Path("model/seed"))
"""

from __future__ import annotations

from wizardcoder.train.checkpoint import fingerprint
from wizardcoder.train.examples import Example, from_records
from wizardcoder.train.stage import TrainResult, fit, pretrain
from wizardcoder.train.tiny import TinyBase, parse_options

__all__ = [
    "Example",
    "TinyBase",
    "TrainResult",
    "fingerprint",
    "fit",
    "from_records",
    "parse_options",
    "pretrain",
]
