"""Sampling a model on a benchmark: a checkpoint, in a run or on its own, or behind an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from wizardcoder import generate, train
from wizardcoder.benchmarks import Benchmark
from wizardcoder.engines import Engine
from wizardcoder.errors import UsageError
from wizardcoder.pipeline import endpoints
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Budget, Generate
from wizardcoder.storage import Identity, Json, adopt

ENDPOINT = "endpoint"
#: Options that change how texts are made, not which.
HOW_NOT_WHAT = frozenset(
    {
        *("batch_size", "api_key_env", "concurrency", "timeout_seconds"),
        *("requests_per_minute", "tokens_per_minute"),
        *("usd_per_million_prompt_tokens", "usd_per_million_completion_tokens"),
    }
)
#: Options of the first release: newer ones are in an identity only where they are not the default.
_FIRST = frozenset({"n", "temperature", "top_p", "max_tokens", "script_spacing"})


def sample(
    path: Path,
    checkpoint: Path | str,
    benchmark: Benchmark,
    options: Generate,
    *,
    style: generate.Style = generate.Style.INSTRUCTION,
    seed: int = 0,
    ready: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write a checkpoint's completions of a benchmark into the stage folder `path`.

    `ready` may be a stage folder where the same was sampled before: it is copied. Raises
    UsageError where the options name an endpoint instead.

    >>> sample(Path("out"), Path("model"), benchmark, Generate(n=20, temperature=0.2))
    ... # doctest: +SKIP
    """
    if options.engine == ENDPOINT:
        raise UsageError(
            f"generate.engine = 'endpoint' asks {options.model or 'a model'} at "
            f"{options.endpoint}, not {checkpoint}: leave one of them away"
        )
    return _sample(
        path,
        partial(_load, checkpoint, options),
        {"checkpoint": train.fingerprint(checkpoint)},
        *(benchmark, options, style, seed, ready, force, progress),
    )


def sample_endpoint(
    path: Path,
    benchmark: Benchmark,
    options: Generate,
    *,
    budget: Budget | None = None,
    ledger: Path | None = None,
    replay: bool = False,
    style: generate.Style = generate.Style.INSTRUCTION,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write the completions of the model behind `options.endpoint` into the stage folder `path`.

    Replies are kept in `ledger`, or in `ledger.sqlite` beside the folder, and never paid for
    twice. Raises RecipeError without a model, BudgetError where the budget ends it, TeacherError
    as a teacher does.
    """
    options = options.model_copy(update={"engine": ENDPOINT})
    endpoints.check(options, budget or Budget())
    return _sample(
        path,
        partial(
            endpoints.open_engine,
            path.parent,
            options,
            seed=seed,
            budget=budget,
            ledger=ledger,
            replay=replay,
        ),
        {"model": options.model, "endpoint": options.endpoint.rstrip("/")},
        *(benchmark, options, style, seed, None, force, progress),
    )


def _sample(
    path: Path,
    load_engine: Callable[[], Engine],
    inputs: dict[str, str],
    benchmark: Benchmark,
    options: Generate,
    style: generate.Style,
    seed: int,
    ready: Path | None,
    force: bool,
    progress: Progress,
) -> Json:
    instructed = style is generate.Style.INSTRUCTION
    identity = Identity(
        "generate",
        {**identified(options), "style": str(style), "seed": seed},
        {**inputs, benchmark.name: benchmark.data_sha256},
    )
    if ready is not None:
        adopt(ready, path, identity)
    return generate.run_stage(
        path,
        load_engine,
        benchmark.problems,
        options,
        benchmark.extract if instructed else benchmark.continuation,
        identity=identity,
        style=style,
        stops=() if instructed else benchmark.stops,
        seed=seed,
        force=force,
        progress=progress,
    )


def identified(options: Generate) -> dict[str, Any]:
    """The options that decide what is generated."""
    if options.precision == "fp32" and options.engine != "vllm":
        options = options.model_copy(update={"precision": None})  # which says the same
    values = options.model_dump(mode="json", exclude={*HOW_NOT_WHAT})
    changed = options.model_dump(mode="json", exclude_defaults=True).keys()
    named = {"endpoint", "model"}  # an input, where it matters
    return {k: v for k, v in values.items() if k in _FIRST or k in changed - named}


def _load(checkpoint: Path | str, options: Generate) -> Engine:
    """The engine that the options name, with the checkpoint."""
    if options.engine == "vllm":
        from wizardcoder.engines.vllm import VllmEngine

        return VllmEngine.load(checkpoint, precision=options.precision)
    how: dict[str, Any] = {
        "batch_size": options.batch_size,
        "precision": options.precision or "fp32",
    }
    if options.engine == "ctranslate2":
        from wizardcoder.engines.ctranslate2 import CTranslate2Engine

        return CTranslate2Engine.load(checkpoint, **how)
    from wizardcoder.engines import TransformersEngine

    return TransformersEngine.load(checkpoint, **how)
