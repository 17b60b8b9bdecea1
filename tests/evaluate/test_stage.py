"""The evaluate stage's folder: resumed, finished, the same every time."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import StageConflictError
from wizardcoder.evaluate import canonical, evaluation, read_verdicts, run_stage
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


def sampled(path: Path, benchmark: Benchmark, n: int, *, wrong: bool = False) -> Path:
    """`n` completions of each problem, every second one wrong; `wrong`: all of them."""
    rows = [
        replace(own, sample=sample, code=f"pass  # {sample}\n" if wrong or sample % 2 else own.code)
        for own in canonical(benchmark)
        for sample in range(n)
    ]
    if path.exists():
        shutil.rmtree(path)
    with open_stage(path, Identity("generate", {"n": n})) as stage:
        stage.finish({"completions": (Completion, rows)}, counts={})
    return path


class Programs:
    """Counts what reaches the sandbox."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run = 0
        really = evaluation._judge

        def counting(benchmark: Benchmark, programs: list[Any], *rest: Any) -> Any:
            self.run += len(programs)
            return really(benchmark, programs, *rest)

        monkeypatch.setattr(evaluation, "_judge", counting)


def test_more_samples_judge_only_what_is_new(
    tmp_path: Path, benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "out", sampled(tmp_path / "made", benchmark, 2), benchmark)
    programs = Programs(monkeypatch)
    made = sampled(tmp_path / "made", benchmark, 4)
    assert run(tmp_path / "out", made, benchmark)["counts"]["verdicts"] == 12
    assert programs.run == 6  # two new samples of three problems
    run(tmp_path / "whole", made, benchmark)
    grown, whole = (tmp_path / name / "verdicts.parquet" for name in ("out", "whole"))
    assert grown.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("out?*"))


def test_fewer_samples_judge_nothing_and_lose_nothing(
    tmp_path: Path, benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "out", sampled(tmp_path / "made", benchmark, 4), benchmark)
    many = read_verdicts(tmp_path / "out")
    programs = Programs(monkeypatch)
    run(tmp_path / "out", sampled(tmp_path / "made", benchmark, 2), benchmark)
    assert programs.run == 0
    assert read_verdicts(tmp_path / "out") == [v for v in many if v.sample < 2]
    (aside,) = tmp_path.glob("out.old-*")
    assert read_verdicts(aside) == many


def test_verdicts_on_other_code_do_not_stand_for_new_samples(
    tmp_path: Path, benchmark: Benchmark
) -> None:
    run(tmp_path / "out", sampled(tmp_path / "made", benchmark, 2), benchmark)
    made = sampled(tmp_path / "made", benchmark, 4, wrong=True)
    with pytest.raises(StageConflictError, match="--force"):
        run(tmp_path / "out", made, benchmark)


def test_verdicts_of_a_version_that_did_not_say_their_code_are_not_taken_over(
    tmp_path: Path, benchmark: Benchmark
) -> None:
    run(tmp_path / "out", sampled(tmp_path / "made", benchmark, 2), benchmark)
    table = pq.read_table(tmp_path / "out/verdicts.parquet")
    pq.write_table(table.drop(["code_digest"]), tmp_path / "out/verdicts.parquet")
    assert len(read_verdicts(tmp_path / "out")) == 6
    with pytest.raises(StageConflictError, match="--force"):
        run(tmp_path / "out", sampled(tmp_path / "made", benchmark, 4), benchmark)


def test_an_interrupted_judging_goes_on_with_more_samples(
    tmp_path: Path, benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(done: int, total: int | None, note: str = "") -> None:
        if done == 4:
            raise KeyboardInterrupt

    path, options = tmp_path / "out", Evaluate()
    made = sampled(tmp_path / "made", benchmark, 2)
    with pytest.raises(KeyboardInterrupt):
        run_stage(path, made, benchmark, options, allow_weak=True, progress=interrupt)
    with (tmp_path / "out.partial/fallen.jsonl").open("a") as shard:
        shard.write('{"task_id": "t/')  # what a kill may leave
    programs = Programs(monkeypatch)
    run(path, sampled(tmp_path / "made", benchmark, 3), benchmark)
    assert programs.run < 6
    assert len(read_verdicts(path)) == 9


def test_a_file_of_completions_that_grew_is_judged_on(
    tmp_path: Path, benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (2, 4):
        programs = Programs(monkeypatch)
        file = sampled(tmp_path / "made", benchmark, n) / "completions.parquet"
        run(tmp_path / "out", file, benchmark)
        assert programs.run == 6
    assert len(read_verdicts(tmp_path / "out")) == 12


def test_times_are_kept_apart_from_the_verdicts(
    tmp_path: Path, completions: Path, benchmark: Benchmark
) -> None:
    run(tmp_path / "verdicts", completions, benchmark)
    names = sorted(path.name for path in (tmp_path / "verdicts").iterdir())
    assert names == ["manifest.json", "timings.jsonl", "verdicts.parquet"]
    assert all(isinstance(v, Verdict) for v in read_verdicts(tmp_path / "verdicts"))
