"""What the canonical solutions return for a benchmark's examples: computed once, kept in the cache.

They run in the sandbox as any program does; their results never pass through this process.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from wizardcoder.benchmarks import Benchmark, cache_folder
from wizardcoder.errors import SandboxError
from wizardcoder.records import Outcome, Problem
from wizardcoder.sandbox import BASE, PLUS, Judgement, Reference, Sandbox, casefile


@contextmanager
def case_files(
    benchmark: Benchmark, task_ids: Iterable[str], box: Sandbox
) -> Iterator[dict[str, Path]]:
    """The case files of problems, by task id; those that are not at hand are made.

    They stay for the next time, unless the cache cannot be written. None for a benchmark without
    examples. Raises SandboxError naming the problem whose solution fails here.
    """
    if benchmark.examples is None:
        yield {}
        return
    with _folder(benchmark) as folder:
        files = {task_id: folder / f"{quote(task_id, safe='')}.cases" for task_id in task_ids}
        missing = [task_id for task_id, file in files.items() if not casefile.is_whole(file)]
        _make(benchmark, {task_id: files[task_id] for task_id in missing}, box)
        yield files


@contextmanager
def _folder(benchmark: Benchmark) -> Iterator[Path]:
    """Where the case files of this data, format and Python are kept."""
    key = f"{benchmark.data_sha256[:16]}-{casefile.VERSION}-{platform.python_version()}"
    folder = cache_folder() / "cases" / key
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
    else:
        yield folder


def _make(benchmark: Benchmark, files: dict[str, Path], box: Sandbox) -> None:
    problems = [benchmark.by_id[task_id] for task_id in files]
    with tempfile.TemporaryDirectory() as drafts:
        tasks = (_task(benchmark, p, Path(drafts), files[p.task_id]) for p in problems)
        for number, judgement in box.judge_all(tasks):
            if judgement.outcome is not Outcome.PASSED:
                raise SandboxError(_failure(benchmark, problems[number], judgement))


def _task(benchmark: Benchmark, problem: Problem, drafts: Path, file: Path) -> Reference:
    assert benchmark.examples is not None
    examples = benchmark.examples(problem)
    draft = drafts / file.name
    casefile.write_draft(
        draft,
        entry_point=problem.entry_point,
        oracle=examples.oracle,
        atol=examples.atol,
        parts={BASE: examples.base, PLUS: examples.plus},
    )
    return Reference(
        program=benchmark.assemble(problem, problem.canonical_solution, "completion"),
        entry_point=problem.entry_point,
        draft=str(draft),
        cases=str(file),
    )


def _failure(benchmark: Benchmark, problem: Problem, judgement: Judgement) -> str:
    if judgement.outcome is Outcome.INFRA_ERROR:
        return (
            f"{benchmark.name}: what {problem.task_id} has to return could not be computed or kept "
            f"({judgement.reason}); it goes to {cache_folder()}, or where XDG_CACHE_HOME says"
        )
    return (
        f"{benchmark.name}: the canonical solution of {problem.task_id} does not hold here "
        f"({judgement.outcome}: {judgement.reason}), so its completions cannot be judged; "
        "leave them out with --partial, or name other data with --data"
    )
