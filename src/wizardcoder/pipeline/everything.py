"""All stages of a run, with the arms side by side in worker processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, as_completed
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from math import nan
from pathlib import Path

from wizardcoder import evaluate, train
from wizardcoder.errors import MissingExtraError, SandboxError, WizardCoderError
from wizardcoder.pipeline import evol_stop, names
from wizardcoder.pipeline.asking import check_prices
from wizardcoder.pipeline.base import check_base
from wizardcoder.pipeline.results import report
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.workers import Workers, worker_watch
from wizardcoder.progress import unwatched


def run_all(run: Run) -> Path:
    """Every stage of every arm that is not done yet; returns the report's page.

    The base is pre-trained while the data is made; then as many arms at a time as the recipe
    has workers.
    """
    sent = replace(run, watch=unwatched)  # a terminal cannot be sent to another process
    _require("train", "torch", "transformers", "tokenizers")
    _require("report", "matplotlib")
    names.check(run.recipe, run.data)
    train.check(run.recipe.train)
    check_prices(run.recipe)
    check_base(run.recipe, run.path)
    with Workers(run.recipe.workers, run.watch) as workers:
        base = workers.submit(_in_worker, Run.base, sent)

        def tune(*arguments: str) -> Future[None]:
            return workers.submit(_in_worker, Run.arm, sent, *arguments)

        run.seeds()
        if run.stops:
            _find_rounds(run, base, tune)
        make_data(run)
        _wait([base])
        _wait([tune(arm) for arm in run.arms])
    return report(run)


def _find_rounds(run: Run, base: Future[None], tune: Callable[..., Future[None]]) -> None:
    """Evolve, train and score round after round, until evol stop has decided how many to keep.

    Each step is a stage: what was done is not done again.
    """
    stop = run.recipe.evolve.stop

    def score(number: int) -> list[float]:
        arm = f"round-{number}"
        run.evolve_round(number)
        _wait([base])
        _wait([tune(arm, stop.benchmark)])
        return _pass_rates(run, arm, stop.benchmark)

    evol_stop.search(
        stop.benchmark, stop.max_rounds, score, on_round=partial(evol_stop.write, run.path)
    )


def _pass_rates(run: Run, arm: str, name: str) -> list[float]:
    """pass@1 of an arm on every problem of a benchmark, in the benchmark's order.

    NaN where the sandbox reached no verdict. Raises SandboxError when it reached none at all.
    """
    scores = evaluate.problem_scores(evaluate.read_verdicts(run.path / "verdicts" / arm / name))
    if not scores:
        raise SandboxError(f"{name}: the sandbox reached no verdict on any program of {arm}")
    problems = names.load_benchmark(name, run.data).problems
    return [scores.get(problem.task_id, nan) for problem in problems]


def make_data(run: Run) -> None:
    """Seeds, evolved and clean data, and the data of the controls that are arms."""
    run.seeds()
    run.evolve()
    run.clean()
    for name in run.recipe.controls:
        if name in run.arms:
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
