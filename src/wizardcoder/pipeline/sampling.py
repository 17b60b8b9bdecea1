"""Sampling a checkpoint on a benchmark, in a run or on its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from wizardcoder import generate, train
from wizardcoder.benchmarks import Benchmark
from wizardcoder.engines import TransformersEngine
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Generate
from wizardcoder.storage import Identity, Json


def sample(
    path: Path,
    checkpoint: Path | str,
    benchmark: Benchmark,
    options: Generate,
    *,
    style: generate.Style = generate.Style.INSTRUCTION,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write a checkpoint's completions of a benchmark into the stage folder `path`.

    >>> sample(Path("out"), Path("model"), benchmark, Generate(n=20, temperature=0.2))
    ... # doctest: +SKIP
    """
    instructed = style is generate.Style.INSTRUCTION
    return generate.run_stage(
        path,
        partial(TransformersEngine.load, checkpoint, batch_size=options.batch_size),
        benchmark.problems,
        options,
        benchmark.extract if instructed else benchmark.continuation,
        identity=Identity(
            "generate",
            {
                **options.model_dump(mode="json", exclude={"batch_size"}),
                "style": str(style),
                "seed": seed,
            },
            {"checkpoint": train.fingerprint(checkpoint), benchmark.name: benchmark.data_sha256},
        ),
        style=style,
        seed=seed,
        force=force,
        progress=progress,
    )
