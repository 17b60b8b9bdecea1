"""HumanEval: 164 functions to be completed (arXiv 2107.03374)."""

from __future__ import annotations

from pathlib import Path

from wizardcoder import prompts
from wizardcoder.benchmarks import rows, sources
from wizardcoder.benchmarks.benchmark import Benchmark
from wizardcoder.errors import InputError
from wizardcoder.records import Problem
from wizardcoder.storage import sha256

SOURCE = sources.Source(
    benchmark="humaneval",
    file="HumanEval.jsonl.gz",
    url="https://raw.githubusercontent.com/openai/human-eval/"
    "6d43fb980f9fee3c892a914eda09951f772ad10d/data/HumanEval.jsonl.gz",
    sha256="b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
)
#: What ends a function that a base model continues (the released script's).
STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")


def load(data: Path | None = None) -> Benchmark:
    """HumanEval from a file, a folder, or wherever `sources.locate` finds it.

    Raises MissingDataError when it is nowhere, InputError for a malformed row.
    """
    path = sources.locate(SOURCE, data)
    problems = tuple(_problem(row) for row in rows.read(path))
    if not problems:
        raise InputError(path, problem="holds no problem")
    return Benchmark(name="humaneval", problems=problems, data_sha256=sha256(path), stops=STOPS)


def _problem(row: rows.Row) -> Problem:
    prompt = row.text("prompt")
    return Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        instruction=prompts.humaneval_instruction(prompt),
        entry_point=row.text("entry_point"),
        test=row.text("test"),
        canonical_solution=row.text("canonical_solution"),
    )
