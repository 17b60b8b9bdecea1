"""HumanEval+: HumanEval's problems with 80 times the tests (arXiv 2305.01210)."""

from __future__ import annotations

from pathlib import Path

from wizardcoder import prompts
from wizardcoder.benchmarks import evalplus, humaneval, sources
from wizardcoder.benchmarks.benchmark import Benchmark
from wizardcoder.storage import sha256

SOURCE = sources.Source(
    benchmark="humanevalplus",
    file="HumanEvalPlus.jsonl.gz",
    url="https://github.com/evalplus/humanevalplus_release/releases/download/"
    "v0.1.10/HumanEvalPlus.jsonl.gz",
    sha256="272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
)
#: Any root will do.
_ORACLES = {"find_zero": "root"}


def load(data: Path | None = None) -> Benchmark:
    """HumanEval+ from a file, a folder, or wherever `sources.locate` finds it.

    Raises MissingDataError when it is nowhere, InputError for a malformed row.
    """
    path = sources.locate(SOURCE, data)
    inputs = evalplus.Inputs(path, _ORACLES, lambda problem: None)
    return Benchmark(
        name="humanevalplus",
        problems=inputs.problems(prompts.humaneval_instruction),
        data_sha256=sha256(path),
        stops=humaneval.STOPS,
        cpu_seconds=evalplus.CPU_SECONDS,
        examples=inputs,
    )
