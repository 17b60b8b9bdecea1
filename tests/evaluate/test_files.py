"""Where a file of completions is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.evaluate import judge_file, new_folder
from wizardcoder.recipe import Evaluate


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
