"""Judging a file of completions, outside any run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from wizardcoder.benchmarks import Benchmark
from wizardcoder.evaluate.completions import read_completions
from wizardcoder.evaluate.score import Score, require_samples, score
from wizardcoder.evaluate.stage import identity_of, run_stage
from wizardcoder.evaluate.touched import Touched
from wizardcoder.evaluate.verdicts import read_verdicts
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Evaluate
from wizardcoder.storage import is_free


def judge_file(
    folder: Path,
    file: Path,
    benchmark: Benchmark,
    options: Evaluate,
    ks: Sequence[int] = (1,),
    *,
    partial: bool = False,
    jobs: int | None = None,
    allow_weak: bool = False,
    force: bool = False,
    progress: Progress = silent,
    touched: Touched | None = None,
) -> Score:
    """The score of a file of completions, whose verdicts are in the stage folder `folder` then.

    `touched`: the problems that the model's training data touches, to be scored without as well.

    Raises UsageError, before anything is judged, when a problem has fewer completions than a k.
    """
    if max(ks) > 1:
        require_samples(read_completions(file, benchmark, partial=partial).completions, ks)
    manifest = run_stage(
        folder,
        file,
        benchmark,
        options,
        partial=partial,
        jobs=jobs,
        allow_weak=allow_weak,
        force=force,
        progress=progress,
    )
    return score(
        benchmark,
        read_verdicts(folder),
        ks,
        completions=str(file),
        assembly=manifest["identity"]["options"]["assembly"],
        self_check=manifest["counts"]["self_check"],
        touched=touched,
    )


def new_folder(parent: Path, file: Path, benchmark: Benchmark, options: Evaluate) -> Path:
    """Where to judge a file anew: the first of BENCH-FILE, BENCH-FILE-2, … that is not taken.

    What an interrupted execution with the same options left is gone on with; what is finished is
    not touched.
    """
    found = read_completions(file, benchmark, partial=True).assembly
    assembly = options.assembly or found or benchmark.assembly
    identity = identity_of(file, benchmark, options, assembly)
    names = (f"{name_of(file, benchmark)}{'' if n == 1 else f'-{n}'}" for n in count(1))
    return next(parent / name for name in names if is_free(parent / name, identity))


def name_of(file: Path, benchmark: Benchmark) -> str:
    """What the folder of a file's verdicts is called: `humaneval-samples`."""
    stem = file.name
    for ending in (".gz", ".jsonl", ".json", ".parquet"):
        stem = stem.removesuffix(ending)
    return f"{benchmark.name}-{stem}"
