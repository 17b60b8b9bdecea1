"""Where a file of completions is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import InputError, SandboxError, UsageError
from wizardcoder.evaluate import judge_file, new_folder, read_verdicts
from wizardcoder.recipe import Evaluate
from wizardcoder.records import Outcome
from wizardcoder.sandbox import Judgement, Sandbox


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    file = tmp_path / "samples.jsonl"
    rows = (f'{{"task_id": "t/{n}", "completion": "    return x"}}\n' for n in (1, 2, 10))
    file.write_text("".join(rows))
    return file


def test_a_finished_folder_is_left_alone(
    tmp_path: Path, samples: Path, benchmark: Benchmark
) -> None:
    options = Evaluate()
    first = new_folder(tmp_path, samples, benchmark, options)
    judge_file(first, samples, benchmark, options, allow_weak=True)
    second = new_folder(tmp_path, samples, benchmark, options)
    assert (first.name, second.name) == ("tiny-samples", "tiny-samples-2")


def test_an_interrupted_folder_is_gone_on_with_unless_the_options_differ(
    tmp_path: Path, samples: Path, benchmark: Benchmark
) -> None:
    def interrupt(done: int, total: int | None, note: str = "") -> None:
        raise KeyboardInterrupt

    options = Evaluate()
    first = new_folder(tmp_path, samples, benchmark, options)
    with pytest.raises(KeyboardInterrupt):
        judge_file(first, samples, benchmark, options, allow_weak=True, progress=interrupt)
    assert new_folder(tmp_path, samples, benchmark, options) == first
    others = Evaluate(cpu_seconds=9.0)
    assert new_folder(tmp_path, samples, benchmark, others).name == "tiny-samples-2"


def test_the_verdicts_are_lines_that_any_tool_reads(
    tmp_path: Path, samples: Path, benchmark: Benchmark
) -> None:
    judge_file(tmp_path / "out", samples, benchmark, Evaluate(), allow_weak=True)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["manifest.json", "verdicts.jsonl"]


def test_a_k_beyond_the_samples_is_refused_before_anything_is_judged(
    tmp_path: Path, samples: Path, benchmark: Benchmark
) -> None:
    with pytest.raises(UsageError, match="pass@2 needs 2 samples per problem"):
        judge_file(tmp_path / "out", samples, benchmark, Evaluate(), [2], allow_weak=True)
    assert not list(tmp_path.glob("out*"))


def test_where_the_sandbox_failed_there_is_no_score_and_the_next_time_it_is_tried_again(
    tmp_path: Path, samples: Path, benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Judgement(outcome=Outcome.INFRA_ERROR, reason="why", level="full")
    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "judge_all", lambda box, tasks: enumerate([broken for _ in tasks]))
        with pytest.raises(SandboxError, match=r"3 programs could not be judged .*t/2, why.*again"):
            judge_file(tmp_path / "out", samples, benchmark, Evaluate(), allow_weak=True)
    found = judge_file(tmp_path / "out", samples, benchmark, Evaluate(), allow_weak=True)
    assert (found.total, found.outcomes) == (3, {"wrong_answer": 3})


def test_lost_verdicts_are_told(tmp_path: Path, samples: Path, benchmark: Benchmark) -> None:
    judge_file(tmp_path / "out", samples, benchmark, Evaluate(), allow_weak=True)
    (tmp_path / "out/verdicts.jsonl").unlink()
    with pytest.raises(InputError, match="has lost its verdicts; remove the folder"):
        read_verdicts(tmp_path / "out")


def test_a_file_in_the_way_is_no_free_place(
    tmp_path: Path, samples: Path, benchmark: Benchmark
) -> None:
    (tmp_path / "tiny-samples").touch()
    assert new_folder(tmp_path, samples, benchmark, Evaluate()).name == "tiny-samples-2"
