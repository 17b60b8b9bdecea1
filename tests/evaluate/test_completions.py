"""Completions files of other harnesses and our own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.evaluate import canonical, read_completions
from wizardcoder.records import Completion
from wizardcoder.storage import write_parquet

ROWS = [{"task_id": f"t/{n}", "completion": f"code {n}"} for n in (1, 2, 10)]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["samples.jsonl", "samples.jsonl.gz"])
def test_rows_come_in_the_order_of_the_problems(
    tmp_path: Path, benchmark: Benchmark, name: str
) -> None:
    found = read_completions(write(tmp_path / name, ROWS), benchmark)
    assert [c.code for c in found.completions] == ["code 2", "code 1", "code 10"]
    assert found.assembly == "completion"


def test_rows_of_one_problem_are_its_samples(tmp_path: Path, benchmark: Benchmark) -> None:
    path = write(tmp_path / "samples.jsonl", [*ROWS, {"task_id": "t/2", "completion": "again"}])
    found = read_completions(path, benchmark).completions
    assert [(c.task_id, c.sample, c.code) for c in found[:2]] == [
        ("t/2", 0, "code 2"),
        ("t/2", 1, "again"),
    ]


def test_solutions_stand_alone(tmp_path: Path, benchmark: Benchmark) -> None:
    rows = [{"task_id": row["task_id"], "solution": "x"} for row in ROWS]
    assert read_completions(write(tmp_path / "s.jsonl", rows), benchmark).assembly == "solution"


@pytest.mark.parametrize("whole", [True, False], ids=["the stage folder", "the table"])
def test_our_own_table_is_read(tmp_path: Path, benchmark: Benchmark, whole: bool) -> None:
    completions = canonical(benchmark)
    path = tmp_path / "completions.parquet"
    write_parquet(path, Completion, completions)
    found = read_completions(tmp_path if whole else path, benchmark)
    assert found == (completions, None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"task_id": "t/9", "completion": ""}, "field 'task_id' names no problem of tiny"),
        ({"task_id": 9, "completion": ""}, r"field 'task_id' names no problem .*\(got 9\)"),
        ({"completion": ""}, "field 'task_id' is missing"),
        ({"task_id": "t/1"}, "needs 'completion' or 'solution'"),
        ({"task_id": "t/1", "completion": None}, "field 'completion' is not text"),
    ],
)
def test_a_malformed_row_is_refused_by_line(
    tmp_path: Path, benchmark: Benchmark, row: dict[str, object], message: str
) -> None:
    path = write(tmp_path / "samples.jsonl", [*ROWS, row])
    with pytest.raises(InputError, match=f"samples.jsonl:4: {message}"):
        read_completions(path, benchmark)


def test_a_missing_problem_is_refused(tmp_path: Path, benchmark: Benchmark) -> None:
    path = write(tmp_path / "samples.jsonl", ROWS[:1])
    with pytest.raises(InputError, match=r"2 of 3 problems of tiny .*\(t/2, t/10\).*--partial"):
        read_completions(path, benchmark)


def test_a_partial_set_is_read_when_asked_for(tmp_path: Path, benchmark: Benchmark) -> None:
    path = write(tmp_path / "samples.jsonl", ROWS[:1])
    assert len(read_completions(path, benchmark, partial=True).completions) == 1


def test_a_missing_file_is_named(tmp_path: Path, benchmark: Benchmark) -> None:
    with pytest.raises(MissingDataError, match=r"nowhere.jsonl: no such file"):
        read_completions(tmp_path / "nowhere.jsonl", benchmark)


def test_a_table_with_an_unknown_problem_is_refused(tmp_path: Path, benchmark: Benchmark) -> None:
    stranger = Completion(task_id="x", sample=0, text="", code="")
    write_parquet(tmp_path / "completions.parquet", Completion, [stranger])
    with pytest.raises(InputError, match=r"completions.parquet:1: field 'task_id'"):
        read_completions(tmp_path, benchmark)


@pytest.mark.parametrize("name", ["t/10", "T/10", "10", 10])
def test_a_problem_may_be_named_by_its_number(
    tmp_path: Path, benchmark: Benchmark, name: object
) -> None:
    path = write(tmp_path / "samples.jsonl", [{"task_id": name, "completion": "x"}])
    (found,) = read_completions(path, benchmark, partial=True).completions
    assert found.task_id == "t/10"


def generations(path: Path, table: object) -> Path:
    path.write_text(json.dumps(table))
    return path


def test_bigcodes_generations_follow_the_order_of_the_problems(
    tmp_path: Path, benchmark: Benchmark
) -> None:
    path = generations(tmp_path / "generations.json", [["a", "b"], ["c"], ["d"]])
    found = read_completions(path, benchmark)
    assert [(c.task_id, c.sample, c.code) for c in found.completions] == [
        ("t/2", 0, "a"),
        ("t/2", 1, "b"),
        ("t/1", 0, "c"),
        ("t/10", 0, "d"),
    ]
    assert found.assembly == "solution"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "is not a JSON list of lists"),
        ([["a"], "b", ["c"]], r"field '\[1\]' is not a list of programs"),
        ([["a"], [None], ["c"]], r"field '\[1\]' is not a list of programs"),
        ([["a"]] * 4, "has 4 lists; tiny has 3 problems"),
        ([["a"], ["b"]], "1 of 3 problems of tiny have no completion"),
    ],
)
def test_malformed_generations_are_refused(
    tmp_path: Path, benchmark: Benchmark, table: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_completions(generations(tmp_path / "generations.json", table), benchmark)


def test_of_a_solution_and_a_completion_the_solution_counts(
    tmp_path: Path, benchmark: Benchmark
) -> None:
    row = {"task_id": "t/1", "completion": "x", "solution": "y"}
    found = read_completions(write(tmp_path / "s.jsonl", [row]), benchmark, partial=True)
    assert (found.completions[0].code, found.assembly) == ("y", "solution")


def test_a_file_may_have_solutions_and_completions(tmp_path: Path, benchmark: Benchmark) -> None:
    rows = [{"task_id": "t/1", "completion": "    return 1"}, {"task_id": "t/2", "solution": "y"}]
    found = read_completions(write(tmp_path / "s.jsonl", rows), benchmark, partial=True)
    assert [c.code for c in found.completions] == ["y", "def f(x):\n    return 1"]
    assert found.assembly == "solution"


@pytest.mark.parametrize("name", ["empty.jsonl", "empty.json"])
def test_an_empty_file_is_refused_even_as_a_part(
    tmp_path: Path, benchmark: Benchmark, name: str
) -> None:
    (tmp_path / name).write_text("[]" if name.endswith(".json") else "\n")
    with pytest.raises(InputError, match="holds no completion"):
        read_completions(tmp_path / name, benchmark, partial=True)


@pytest.mark.parametrize("name", ["deep.jsonl", "deep.json"])
def test_a_file_that_nests_too_deep_is_refused(
    tmp_path: Path, benchmark: Benchmark, name: str
) -> None:
    (tmp_path / name).write_text("[" * 100_000)
    with pytest.raises(InputError, match="is not JSON"):
        read_completions(tmp_path / name, benchmark)


def test_a_damaged_archive_is_refused(tmp_path: Path, benchmark: Benchmark) -> None:
    path = write(tmp_path / "samples.jsonl.gz", ROWS * 50)
    data = bytearray(path.read_bytes())
    data[20:30] = b"\xff" * 10
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"samples\.jsonl\.gz"):
        read_completions(path, benchmark)
