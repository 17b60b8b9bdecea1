"""The evaluate stage's folder: resumed, finished, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import StageConflictError
from wizardcoder.evaluate import canonical, read_verdicts, run_stage
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Completion, Verdict
from wizardcoder.sandbox import Sandbox
from wizardcoder.storage import Identity, open_stage, sha256


@pytest.fixture
def completions(tmp_path: Path, benchmark: Benchmark) -> Path:
    path = tmp_path / "completions"
    with open_stage(path, Identity("generate", {})) as stage:
        stage.finish({"completions": (Completion, canonical(benchmark))}, counts={})
    return path


def run(path: Path, completions: Path, benchmark: Benchmark, **options: Any) -> dict[str, Any]:
    return run_stage(path, completions, benchmark, Evaluate(**options), allow_weak=True, jobs=1)


def test_verdicts_and_counts_are_written(
    tmp_path: Path, completions: Path, benchmark: Benchmark
) -> None:
    manifest = run(tmp_path / "verdicts", completions, benchmark)
    assert manifest["counts"]["passed"] == manifest["counts"]["verdicts"] == 3
    verdicts = read_verdicts(tmp_path / "verdicts")
    assert [v.task_id for v in verdicts] == ["t/2", "t/1", "t/10"]
    assert all(v.passed and v.cpu_seconds > 0 for v in verdicts)


def test_two_executions_write_the_same_bytes(
    tmp_path: Path, completions: Path, benchmark: Benchmark
) -> None:
    for name in ("one", "two"):
        run(tmp_path / name, completions, benchmark)
    first, second = (sha256(tmp_path / name / "verdicts.parquet") for name in ("one", "two"))
    assert first == second


def test_a_finished_stage_is_not_run_again(
    tmp_path: Path, completions: Path, benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = run(tmp_path / "verdicts", completions, benchmark)
    monkeypatch.setattr(Sandbox, "__enter__", lambda box: pytest.fail("judged again"))
    assert run(tmp_path / "verdicts", completions, benchmark) == manifest


def test_an_interrupted_stage_judges_only_the_rest(
    tmp_path: Path, completions: Path, benchmark: Benchmark
) -> None:
    calls: list[int] = []

    def interrupt(done: int, total: int | None, note: str = "") -> None:
        calls.append(done)
        if calls == [1, 2]:
            raise KeyboardInterrupt

    path, options = tmp_path / "verdicts", Evaluate()
    with pytest.raises(KeyboardInterrupt):
        run_stage(path, completions, benchmark, options, allow_weak=True, progress=interrupt)
    run_stage(path, completions, benchmark, options, allow_weak=True, progress=interrupt)
    assert calls == [1, 2, 3]
    assert len(read_verdicts(path)) == 3


def test_other_limits_make_another_stage(
    tmp_path: Path, completions: Path, benchmark: Benchmark
) -> None:
    run(tmp_path / "verdicts", completions, benchmark)
    with pytest.raises(StageConflictError, match="cpu_seconds"):
        run(tmp_path / "verdicts", completions, benchmark, cpu_seconds=9.0)


def test_times_are_kept_apart_from_the_verdicts(
    tmp_path: Path, completions: Path, benchmark: Benchmark
) -> None:
    run(tmp_path / "verdicts", completions, benchmark)
    names = sorted(path.name for path in (tmp_path / "verdicts").iterdir())
    assert names == ["manifest.json", "timings.jsonl", "verdicts.parquet"]
    assert all(isinstance(v, Verdict) for v in read_verdicts(tmp_path / "verdicts"))
