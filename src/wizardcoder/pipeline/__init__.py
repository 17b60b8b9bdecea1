"""The pipeline: which stage reads what, and what a recipe's names stand for.

from wizardcoder import pipeline, recipe
if __name__ == "__main__":  # worker processes import this module again
    run = pipeline.open_run(Path("runs/mine"), recipe.load(Path("mine.toml")))
    print(pipeline.run_all(run))
"""

from __future__ import annotations

from wizardcoder.pipeline.doctor import Finding, diagnose
from wizardcoder.pipeline.estimate import Estimate, Sample
from wizardcoder.pipeline.everything import run_all
from wizardcoder.pipeline.exports import STAGES, Exported, export, export_model
from wizardcoder.pipeline.headline import Headline, headline
from wizardcoder.pipeline.learnt import Learnt, learnt
from wizardcoder.pipeline.opening import existing_run, open_run
from wizardcoder.pipeline.plan import describe, plan_evolve
from wizardcoder.pipeline.results import report, results
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.sampling import sample, sample_endpoint
from wizardcoder.pipeline.training_cost import TrainingCost, choose_devices, plan_training
from wizardcoder.pipeline.training_lines import describe_training

__all__ = [
    "STAGES",
    "Estimate",
    "Exported",
    "Finding",
    "Headline",
    "Learnt",
    "Run",
    "Sample",
    "TrainingCost",
    "choose_devices",
    "describe",
    "describe_training",
    "diagnose",
    "existing_run",
    "export",
    "export_model",
    "headline",
    "learnt",
    "open_run",
    "plan_evolve",
    "plan_training",
    "report",
    "results",
    "run_all",
    "sample",
    "sample_endpoint",
]
