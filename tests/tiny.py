"""A whole run that takes seconds: what tests of the pipeline use."""

from __future__ import annotations

import hashlib
from pathlib import Path

RECIPE = """
name = "tiny"
workers = 1
arms = ["base", "seed", "round-1", "more-of-the-same"]
seeds = { source = "miniature", count = 40 }
teacher = { model = "miniature", endpoint = "miniature", terms = "none", send_seed = true }
evolve = { rounds = 2 }
generate = { max_tokens = 40, batch_size = 64 }
controls.more-of-the-same.source = "more-of-the-same"

[clean]
near_duplicates = false
containment = 0.8
benchmarks = ["miniature", "miniature-dev"]

[base]
model = "miniature"
options = { functions = 60, label_tokens = 6000, width = 32, layers = 1, heads = 2 }

[train]
lr = 1e-3
rows_per_step = 4
length_tokens = 256
precision = "fp32"
steps = 0
label_tokens = 6000
checkpoint_seconds = 0.2

[evaluate]
benchmarks = ["miniature-dev"]
"""


def write_recipe(folder: Path, text: str = RECIPE) -> Path:
    """The tiny recipe as a file."""
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


def tables(run: Path) -> dict[str, str]:
    """The hash of every Parquet table of a run, by its place in the run folder."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(run.rglob("*.parquet"))
    }
