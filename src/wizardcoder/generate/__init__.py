"""Generate: what a model answers to the problems of a benchmark.

engine = TransformersEngine.load(Path("model/round-3"))
completions = list(generate(engine, problems, recipe.generate, extract))
"""

from __future__ import annotations

from wizardcoder.generate.questions import Question, Style, ask
from wizardcoder.generate.sampling import Extract, generate
from wizardcoder.generate.stage import run_stage

__all__ = ["Extract", "Question", "Style", "ask", "generate", "run_stage"]
