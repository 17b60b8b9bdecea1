"""Seeds: the instructions that everything is evolved from.

seeds, rejected = read_file(Path("code_alpaca_20k.json"), licence="CC-BY-NC-4.0", count=300)
"""

from __future__ import annotations

from wizardcoder.seeds.asking import Teachers
from wizardcoder.seeds.codebase import CodebaseOptions, digest
from wizardcoder.seeds.collecting import collect
from wizardcoder.seeds.file_stage import SeedFiles, read_files, run_file_stage
from wizardcoder.seeds.files import ENDINGS
from wizardcoder.seeds.formats import Columns
from wizardcoder.seeds.hub import HUB, find_dataset, is_remote, read_dataset
from wizardcoder.seeds.inspiration import Inspiration
from wizardcoder.seeds.making import Source
from wizardcoder.seeds.making_stage import make_stage
from wizardcoder.seeds.reading import Manner, Reading, read_file
from wizardcoder.seeds.selfinstruct import SelfInstruct, SelfInstructOptions, read_tasks
from wizardcoder.seeds.stage import run_stage

__all__ = [
    "ENDINGS",
    "HUB",
    "CodebaseOptions",
    "Columns",
    "Inspiration",
    "Manner",
    "Reading",
    "SeedFiles",
    "SelfInstruct",
    "SelfInstructOptions",
    "Source",
    "Teachers",
    "collect",
    "digest",
    "find_dataset",
    "is_remote",
    "make_stage",
    "read_dataset",
    "read_file",
    "read_files",
    "read_tasks",
    "run_file_stage",
    "run_stage",
]
