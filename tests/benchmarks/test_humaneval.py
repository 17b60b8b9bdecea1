"""HumanEval's loader."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from wizardcoder import benchmarks
from wizardcoder.errors import InputError, MissingDataError, UsageError
from wizardcoder.prompts import alpaca

ROW = {
    "task_id": "HumanEval/0",
    "prompt": "def one():\n",
    "entry_point": "one",
    "canonical_solution": "    return 1\n",
    "test": "def check(candidate):\n    assert candidate() == 1\n",
}


def write(path: Path, *rows: object) -> Path:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["HumanEval.jsonl", "mine.jsonl.gz"])
def test_a_file_is_read_plain_and_compressed(tmp_path: Path, name: str) -> None:
    (problem,) = benchmarks.load("humaneval", write(tmp_path / name, ROW)).problems
    assert problem.entry_point == "one"
    assert problem.instruction == "Create a Python script for this problem:\ndef one():\n"


@pytest.mark.parametrize("place", ["", "humaneval", "benchmarks/humaneval"])
def test_a_folder_is_searched(tmp_path: Path, place: str) -> None:
    write(tmp_path / place / "HumanEval.jsonl.gz", ROW)
    assert len(benchmarks.load("humaneval", tmp_path).problems) == 1


def test_the_environment_variable_names_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "HumanEval.jsonl", ROW)
    monkeypatch.setenv("WIZARDCODER_DATA", str(tmp_path))
    assert len(benchmarks.load("humaneval").problems) == 1


def test_the_cache_is_used_before_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIZARDCODER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    write(tmp_path / "wizardcoder/humaneval/HumanEval.jsonl.gz", ROW)
    assert len(benchmarks.load("humaneval").problems) == 1


def test_a_folder_without_the_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"holds no HumanEval.jsonl.gz .* --data or WIZ"):
        benchmarks.load("humaneval", tmp_path)


def test_without_a_network_the_error_names_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.delenv("WIZARDCODER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(MissingDataError, match=r"no route to host.*curl -L --create-dirs -o "):
        benchmarks.load("humaneval")


def test_a_download_with_another_hash_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = write(tmp_path / "forged.jsonl.gz", ROW)
    monkeypatch.delenv("WIZARDCODER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: forged.open("rb"))
    with pytest.raises(MissingDataError, match="has the SHA-256"):
        benchmarks.load("humaneval")
    assert not (tmp_path / "cache").exists()


@pytest.mark.real_data
def test_a_download_with_the_right_hash_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    real = shared / "data/benchmarks/humaneval/HumanEval.jsonl.gz"
    monkeypatch.delenv("WIZARDCODER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: real.open("rb"))
    assert len(benchmarks.load("humaneval").problems) == 164
    kept = tmp_path / "wizardcoder/humaneval/HumanEval.jsonl.gz"
    assert kept.read_bytes() == real.read_bytes()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "HumanEval.jsonl:2: is not JSON"),
        ("[]", "HumanEval.jsonl:2: is not a JSON object"),
        ({**ROW, "test": 7}, r"HumanEval.jsonl:2: field 'test' is not text \(got 7\)"),
        ({"task_id": "x"}, "HumanEval.jsonl:2: field 'prompt' is missing"),
    ],
)
def test_a_malformed_row_is_named_by_file_line_and_field(
    tmp_path: Path, row: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        benchmarks.load("humaneval", write(tmp_path / "HumanEval.jsonl", ROW, row))


def test_an_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown benchmark 'humanevil'; known: humaneval"):
        benchmarks.load("humanevil")


@pytest.mark.real_data
def test_the_real_file_has_164_problems_in_order(shared: Path) -> None:
    benchmark = benchmarks.load("humaneval", shared / "data")
    assert [problem.task_id for problem in benchmark.problems] == [
        f"HumanEval/{n}" for n in range(164)
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("number", [0, 50])
def test_prompts_equal_those_of_the_published_generations(shared: Path, number: int) -> None:
    problem = benchmarks.load("humaneval", shared / "data").problems[number]
    for name, spacing in (("one_blank", False), ("two_blanks", True)):
        oracle = shared / f"oracle/prompts/humaneval_{number}_{name}.txt"
        rendered = alpaca(problem.instruction, script_spacing=spacing)
        assert rendered.encode() == oracle.read_bytes()
