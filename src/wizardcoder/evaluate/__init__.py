"""Evaluate: what a model's completions are worth, as verdicts and as scores.

found = read_completions(Path("samples.jsonl"), benchmark)
verdicts = evaluate(benchmark, found.completions, assembly=found.assembly)
print(score(benchmark, verdicts).pass_at_k[1])
"""

from wizardcoder.evaluate.compare import Comparison, Judged, compare, read_judged
from wizardcoder.evaluate.completions import Completions, canonical, read_completions
from wizardcoder.evaluate.evaluation import evaluate, limits_of
from wizardcoder.evaluate.files import judge_file, name_of, new_folder
from wizardcoder.evaluate.published import (
    Generations,
    Published,
    model_of,
    published,
    published_generations,
)
from wizardcoder.evaluate.score import GroupScore, Score, problem_scores, score
from wizardcoder.evaluate.stage import run_stage
from wizardcoder.evaluate.touched import Touched
from wizardcoder.evaluate.verdicts import read_verdicts

__all__ = [
    "Comparison",
    "Completions",
    "Generations",
    "GroupScore",
    "Judged",
    "Published",
    "Score",
    "Touched",
    "canonical",
    "compare",
    "evaluate",
    "judge_file",
    "limits_of",
    "model_of",
    "name_of",
    "new_folder",
    "problem_scores",
    "published",
    "published_generations",
    "read_completions",
    "read_judged",
    "read_verdicts",
    "run_stage",
    "score",
]
