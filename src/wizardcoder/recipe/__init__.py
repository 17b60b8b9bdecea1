"""A recipe: one TOML file that says everything a run does. Defaults are the paper's values.

What a recipe does not know is where anything is stored (`storage`) or how a stage works.
"""

from __future__ import annotations

from wizardcoder.recipe.reading import (
    changed,
    differences,
    dump,
    load,
    parse,
    read_options,
)
from wizardcoder.recipe.tables import (
    Base,
    Budget,
    Clean,
    Control,
    CustomOperation,
    Decoding,
    Embedding,
    Evaluate,
    Evolve,
    Generate,
    Judge,
    Lora,
    Measure,
    Positive,
    Recipe,
    Section,
    Seeds,
    SourceOptions,
    Stop,
    Teacher,
    Train,
    Verify,
)

__all__ = [
    "Base",
    "Budget",
    "Clean",
    "Control",
    "CustomOperation",
    "Decoding",
    "Embedding",
    "Evaluate",
    "Evolve",
    "Generate",
    "Judge",
    "Lora",
    "Measure",
    "Positive",
    "Recipe",
    "Section",
    "Seeds",
    "SourceOptions",
    "Stop",
    "Teacher",
    "Train",
    "Verify",
    "changed",
    "differences",
    "dump",
    "load",
    "parse",
    "read_options",
]
