"""Evaluate: what a model's completions are worth, as verdicts and as scores.

found = read_completions(Path("samples.jsonl"), benchmark)
verdicts = evaluate(benchmark, found.completions, assembly=found.assembly)
print(score(benchmark, verdicts).pass_at_k[1])
"""

from wizardcoder.evaluate.completions import Completions, canonical, read_completions
from wizardcoder.evaluate.evaluation import evaluate
from wizardcoder.evaluate.score import GroupScore, Score, problem_scores, score
from wizardcoder.evaluate.stage import limits_of, read_verdicts, run_stage

__all__ = [
    "Completions",
    "GroupScore",
    "Score",
    "canonical",
    "evaluate",
    "limits_of",
    "problem_scores",
    "read_completions",
    "read_verdicts",
    "run_stage",
    "score",
]
