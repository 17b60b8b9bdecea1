"""`wizardcoder clean FILE…` on anyone's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizardcoder.cli.app import run
from wizardcoder.records import Record
from wizardcoder.storage import read_parquet

pytestmark = pytest.mark.usefixtures("quiet")

QUESTIONS = ["Sort a list of words by length.", "Sum the digits of a whole number.", "Reverse it."]


def write(name: str, *rows: object) -> str:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return name


def alpaca(question: str) -> dict[str, str]:
    return {"instruction": question, "output": f"def f(): return {question!r}"}


def clean(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    command = ["clean", *arguments, "--no-benchmarks", "--jobs", "1", "--out", "out", "--json"]
    assert run(command) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_several_files_are_cleaned_together_without_any_benchmark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = write("a/s.jsonl", alpaca(QUESTIONS[0]), alpaca(QUESTIONS[1]))
    two = write("b/s.jsonl", alpaca(QUESTIONS[0]), alpaca(QUESTIONS[2]))
    found = clean(capsys, one, two)
    assert found["cleaned"]["rules"] == {"exact_duplicate": 1}
    kept = read_parquet(Path(found["folder"]) / "records.parquet", Record)
    assert [record.id for record in kept] == ["a/s/000001", "a/s/000002", "b/s/000002"]


def test_a_torn_line_is_rejected_and_nothing_stops(capsys: pytest.CaptureFixture[str]) -> None:
    file = write("s.jsonl", alpaca(QUESTIONS[0]), alpaca(QUESTIONS[1]))
    Path(file).write_text(Path(file).read_text() + '{"instruction": "to')
    found = clean(capsys, file)
    assert found["read"]["rules"] == {"not_json": 1}
    assert found["cleaned"]["kept"] == 2


def test_people_see_what_went_and_the_last_line_is_the_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write("s.jsonl", alpaca(QUESTIONS[0]), alpaca(QUESTIONS[0]))
    assert run(["clean", file, "--no-benchmarks", "--jobs", "1", "--out", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "out/clean"
    assert any(line.split() == ["exact_duplicate", "1"] for line in lines)


def test_what_was_cleaned_comes_back_in_the_format_it_came_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clean(capsys, write("s.jsonl", alpaca(QUESTIONS[0])), "--licence", "MIT")
    assert run(["export", "out", "--format", "alpaca"]) == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    (file,) = folder.rglob("*.jsonl*")
    assert file.stat().st_size


def test_our_own_tables_keep_their_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    clean(capsys, write("s.jsonl", *map(alpaca, QUESTIONS)))
    found = clean(capsys, "out/clean/records.parquet", "--force")
    assert found["cleaned"]["kept"] == 3
    kept = read_parquet(Path(found["folder"]) / "records.parquet", Record)
    assert [record.id for record in kept] == ["s/000001", "s/000002", "s/000003"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s.jsonl", "--benchmark", "mbpp", "--no-benchmarks"], "give one of the two"),
        (["s.jsonl", "s.jsonl", "--no-benchmarks"], "is named twice"),
        (["absent.jsonl"], "no seeds called 'absent.jsonl'"),
    ],
)
def test_wrong_usage_is_one_clear_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("s.jsonl", alpaca(QUESTIONS[0]))
    assert run(["clean", *arguments, "--out", "out"]) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_run_refuses_options_by_the_keys_of_its_recipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clean(capsys, write("s.jsonl", alpaca(QUESTIONS[0])))
    assert run(["clean", "out", "--no-near-duplicates"]) == 2
    said = capsys.readouterr().err
    assert "leave away what sets clean.near_duplicates, or name a data file" in said


def test_a_refused_command_leaves_a_folder_that_was_there_as_it_was() -> None:
    file = write("s.jsonl", alpaca(QUESTIONS[0]))
    Path("out").mkdir()
    Path("out/notes").write_text("mine")
    assert run(["clean", file, "--benchmark", "nobody", "--out", "out"]) == 2
    assert Path("out/notes").read_text() == "mine"


def test_a_folder_among_data_files_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    file = write("s.jsonl", alpaca(QUESTIONS[0]))
    Path("more").mkdir()
    assert run(["clean", file, "more", "--no-benchmarks", "--out", "out"]) == 2
    assert "more: is a folder" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_file_of_problems_that_is_not_there_is_told_as_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write("s.jsonl", alpaca(QUESTIONS[0]))
    assert run(["clean", file, "--benchmark", "mine.jsonl", "--out", "out"]) == 2
    assert "mine.jsonl: there is no such file" in capsys.readouterr().err


def test_what_is_wrong_with_problems_is_said_before_rows_are_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write("s.jsonl", alpaca(QUESTIONS[0]))
    problems = write("mine.jsonl", {"prompt": "no id"})
    assert run(["clean", file, "--benchmark", problems, "--out", "out"]) == 2
    assert "task_id" in capsys.readouterr().err
    assert not Path("out").exists()
