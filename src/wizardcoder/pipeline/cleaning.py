"""Cleaning the tables of a run: which options hold, and what the data is compared with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from wizardcoder import clean, train
from wizardcoder.pipeline import names
from wizardcoder.pipeline.behaving import judging
from wizardcoder.pipeline.evolving import teachers_of
from wizardcoder.progress import Watch
from wizardcoder.recipe import Clean, Recipe
from wizardcoder.storage import Identity, Json, input_hashes

#: Options of `[clean]` that say how it is done, or where files are: they change no result.
HOW_NOT_WHAT = frozenset({"memory_mb", "benchmark_files"})
#: The input that embeds. Benchmarks are inputs by name, so that a file may be called encoder.jsonl.
_ENCODER = "embedding/model"


def clean_tables(
    out: Path,
    folders: Mapping[str, Path],
    recipe: Recipe,
    *,
    data: Path | None,
    jobs: int | None = None,
    force: bool = False,
    asking: clean.Asking | None = None,
    watch: Watch,
) -> Json:
    """Clean the records of finished stage folders, each with its name, into the folder `out`.

    `jobs`: processes at most; None: as many as this process has cores. `asking`: the teachers
    that `clean.embedding` asks.
    """
    options = names.clean_options(recipe)
    targets = names.targets(options.benchmarks, data, options.benchmark_files)
    processes = jobs or len(os.sched_getaffinity(0))
    judge = None
    if options.behaviour:
        judge = judging(targets.benchmarks, recipe.evaluate, jobs=jobs)
    return clean.run_stage(
        out,
        [folder / "records.parquet" for folder in folders.values()],
        options,
        clean.Targets(targets.problems, targets.checks, judge, _reader(options, asking)),
        identity=Identity(
            "clean",
            {**options.model_dump(mode="json", exclude=set(HOW_NOT_WHAT)), **_asked(recipe)},
            {**input_hashes(folders), **targets.hashes, **_encoder(options)},
        ),
        jobs=processes,
        force=force,
        watch=watch,
    )


def _reader(options: Clean, asking: clean.Asking | None) -> clean.Reader | None:
    if asking is None or not options.embedding.enabled:
        return None
    return clean.Reader(partial(clean.Encoder.load, options.embedding.model), asking)


def _asked(recipe: Recipe) -> dict[str, Any]:
    """The teacher that cleaning asks, if it asks one."""
    return {"teacher": teachers_of(recipe)[0]} if recipe.clean.embedding.enabled else {}


def _encoder(options: Clean) -> dict[str, str]:
    embedding = options.embedding
    return {_ENCODER: train.fingerprint(embedding.model)} if embedding.enabled else {}
