from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wizardcoder.benchmarks import own
from wizardcoder.errors import InputError, MissingDataError

ROWS = [
    {
        "task_id": "a/1",
        "prompt": "def f(x):\n",
        "canonical_solution": "    return 1\n",
        "test": "?",
    },
    {"task_id": "a/2", "prompt": "def g(x):\n", "canonical_solution": "", "test": "?"},
]


def write(path: Path, rows: list[object]) -> Path:
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows) if path.suffix == ".json" else lines)
    return path


@pytest.mark.parametrize("name", ["mine.jsonl", "mine.jsonl.gz", "mine.json", "mine.parquet"])
def test_every_kind_of_file_gives_the_same_problems(tmp_path: Path, name: str) -> None:
    benchmark = own.read(write(tmp_path / name, [*ROWS]))
    assert benchmark.name == "mine"
    assert [problem.task_id for problem in benchmark.problems] == ["a/1", "a/2"]
    assert benchmark.problems[0].canonical_solution == "    return 1\n"
    assert benchmark.problems[1].test == "?"
    assert benchmark.assembly == "completion"


def test_problems_that_are_said_in_words_have_solutions_that_stand_alone(tmp_path: Path) -> None:
    row = {"task_id": 7, "instruction": "Double it.", "canonical_solution": "f = int"}
    benchmark = own.read(write(tmp_path / "w.jsonl", [row]))
    assert benchmark.assembly == "solution"
    assert benchmark.problems[0].task_id == "7"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "x"}, r"mine.jsonl:2: field 'task_id' is missing"),
        ({"task_id": 1.5, "prompt": "x"}, r"mine.jsonl:2: field 'task_id' is neither"),
        ({"task_id": "a", "prompt": 3}, r"mine.jsonl:2: field 'prompt' is not text \(got 3\)"),
        ({"task_id": "a", "test": "x"}, r"mine.jsonl:2: .*nothing to look for"),
        ({"task_id": "a/1", "prompt": "x"}, r"mine.jsonl:2: field 'task_id' occurs more than once"),
        ([1], r"mine.jsonl:2: is not a JSON object"),
    ],
)
def test_a_row_that_is_no_problem_is_named(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        own.read(write(tmp_path / "mine.jsonl", [ROWS[0], row]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"[{", "is not JSON"),
        ("a.json", b"{}", "is not a JSON list"),
        ("a.json", b"[3]", "a.json:1: is not an object"),
        ("a.parquet", b"no", "cannot be read as Parquet"),
        ("a.jsonl", b"\n", "holds no problem"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        own.read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.parquet"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingDataError, match=name):
        own.read(tmp_path / name)
