"""Train: instruction tuning with packed rows and response-only loss, resumable bit for bit.

fit(records, base=Path("model/base"), options=recipe.train, out=Path("model/seed"))
"""

from __future__ import annotations

from wizardcoder.train.bases import Shape, check_base, read_shape
from wizardcoder.train.best import Score
from wizardcoder.train.checkpoint import fingerprint
from wizardcoder.train.devices import Device, find_device
from wizardcoder.train.examples import Example
from wizardcoder.train.footprint import Footprint, Traced, count_weights, flops_of, footprint, trace
from wizardcoder.train.journal import read_log
from wizardcoder.train.plan import make_plan
from wizardcoder.train.processes import Processes, join
from wizardcoder.train.shards import map_shards, records_digest, write_shards
from wizardcoder.train.stage import HOW_NOT_WHAT, TrainResult, check, fit, pretrain
from wizardcoder.train.survey import Passing, Survey, survey
from wizardcoder.train.templates import from_records
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer, parse_options
from wizardcoder.train.tokens import Tokens
from wizardcoder.train.training import LogLine

__all__ = [
    "HOW_NOT_WHAT",
    "Device",
    "Example",
    "Footprint",
    "LogLine",
    "Passing",
    "Processes",
    "Score",
    "Shape",
    "Survey",
    "TinyBase",
    "Tokens",
    "Traced",
    "TrainResult",
    "check",
    "check_base",
    "count_weights",
    "find_device",
    "fingerprint",
    "fit",
    "flops_of",
    "footprint",
    "from_records",
    "join",
    "make_model",
    "make_plan",
    "make_tokenizer",
    "map_shards",
    "parse_options",
    "pretrain",
    "read_log",
    "read_shape",
    "records_digest",
    "survey",
    "trace",
    "write_shards",
]
