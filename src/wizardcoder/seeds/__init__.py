"""Seeds: the instructions that everything is evolved from.

seeds = read_alpaca(Path("code_alpaca_20k.json"), licence="CC-BY-NC-4.0", count=300)
"""

from __future__ import annotations

from wizardcoder.seeds.alpaca import read_alpaca
from wizardcoder.seeds.stage import run_stage

__all__ = ["read_alpaca", "run_stage"]
