"""All stages of a run, with the arms side by side in worker processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, as_completed
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from wizardcoder.errors import MissingExtraError, WizardCoderError
from wizardcoder.pipeline import names
from wizardcoder.pipeline.results import report
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.workers import Workers, unwatched, worker_watch


def run_all(run: Run) -> Path:
    """Every stage of every arm that is not done yet; returns the report's page.

    The base is pre-trained while the data is made; then as many arms at a time as the recipe
    has workers.
    """
    sent = replace(run, watch=unwatched)  # a terminal cannot be sent to another process
    _require("train", "torch", "transformers", "tokenizers")
    _require("report", "matplotlib")
    names.check(run.recipe, run.data)
    with Workers(run.recipe.workers, run.watch) as workers:
        base = workers.submit(_in_worker, Run.base, sent)
        make_data(run)
        _wait([base])
        _wait([workers.submit(_in_worker, Run.arm, sent, arm) for arm in run.recipe.arms])
    return report(run)


def make_data(run: Run) -> None:
    """Seeds, evolved and clean data, and the data of the controls that are arms."""
    run.seeds()
    run.evolve()
    run.clean()
    for name in run.recipe.controls:
        if name in run.recipe.arms:
            run.control(name)


def _wait(works: Sequence[Future[None]]) -> None:
    """Wait for all; raise the first error at once."""
    try:
        for done in as_completed(works):
            done.result()
    except BrokenExecutor:
        raise WizardCoderError(
            "a worker process was killed, perhaps for want of memory: what was finished is kept; "
            "try again with fewer workers"
        ) from None


def _require(extra: str, *modules: str) -> None:
    """Raise MissingExtraError now rather than after a night of paid calls."""
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtraError(module, extra)


def _in_worker(stage: Callable[..., object], run: Run, *args: str) -> None:
    stage(replace(run, watch=worker_watch), *args)
