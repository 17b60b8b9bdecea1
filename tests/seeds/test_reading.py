"""Rows become seeds; what cannot be one is kept beside them with its rule and its place."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizardcoder.errors import InputError
from wizardcoder.records import Record
from wizardcoder.seeds import Columns, Reading, read_file
from wizardcoder.seeds.files import Row
from wizardcoder.seeds.reading import Origin, read

ROW = {"instruction": "Add 2 and 2.", "input": "", "output": "4"}
CHAT = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
SHAREGPT = {"conversations": [{"from": "human", "value": "Hi"}]}
ORIGIN = Origin("s", "s", "MIT", "s.jsonl")


def write(folder: Path, *rows: object, name: str = "s.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def read_values(*values: object, **options: Any) -> Reading:
    return read((Row(n, value) for n, value in enumerate(values, 1)), ORIGIN, **options)


def test_a_row_becomes_a_record_of_round_0(tmp_path: Path) -> None:
    row = {"instruction": "Sum.", "input": "[1, 2]", "output": "3", "note": "ignored"}
    path = tmp_path / "tasks.json.gz"
    path.write_bytes(gzip.compress(json.dumps([row]).encode()))
    seed = Record(
        id="tasks/000001",
        seed_id="tasks/000001",
        round=0,
        parent_id=None,
        operation=None,
        instruction="Sum.",
        input="[1, 2]",
        response="3",
        source="tasks",
        licence="MIT",
        teacher="",
        teacher_terms="",
    )
    assert read_file(path, licence="MIT") == ([seed], [])


def test_a_conversation_becomes_a_record_with_its_turns(tmp_path: Path) -> None:
    turns = [("system", "S"), ("human", "1"), ("gpt", "2"), ("human", "3"), ("gpt", "4")]
    row = {"conversations": [{"from": who, "value": said} for who, said in turns]}
    (seed,) = read_file(write(tmp_path, row)).records
    assert (seed.system, seed.instruction, seed.response) == ("S", "1", "2")
    assert seed.turns == ("3", "4")


@pytest.mark.parametrize("row", [ROW, CHAT, SHAREGPT])
def test_the_format_is_that_of_the_first_row(row: object) -> None:
    assert len(read_values(row, row).records) == 2


def test_a_row_of_a_table_of_this_project_keeps_where_it_comes_from() -> None:
    told = {"source": "code_alpaca", "teacher": "gpt-4", "teacher_terms": "no rivals"}
    row = {"seed_id": "x", "instruction": "I", "response": "R", "licence": "CC-BY-NC-4.0", **told}
    (seed,) = read_values(row).records
    assert (seed.id, seed.seed_id, seed.round, seed.response) == ("s/000001", "s/000001", 0, "R")
    assert seed.licence == "CC-BY-NC-4.0"
    assert {key: getattr(seed, key) for key in told} == told
    (seed,) = read_values({**row, "licence": "unknown"}).records
    assert seed.licence == ORIGIN.licence


def test_the_first_row_that_has_a_format_decides() -> None:
    reading = read_values(7, {"odd": 1}, CHAT, ROW | CHAT)
    assert [seed.instruction for seed in reading.records] == ["Hi", "Hi"]
    assert [row.rule for row in reading.rejected] == ["not_an_object", "no_instruction"]


@pytest.mark.parametrize(("first", "second"), [(ROW, CHAT), (CHAT, SHAREGPT), (SHAREGPT, ROW)])
def test_a_file_of_two_formats_is_refused_with_both(first: object, second: object) -> None:
    names = {id(ROW): "alpaca", id(CHAT): "chat", id(SHAREGPT): "sharegpt"}
    was, found = names[id(first)], names[id(second)]
    message = rf"s\.jsonl:3: is a row in the format {found}, while line 1 is in {was}; give each"
    with pytest.raises(InputError, match=message):
        read_values(first, first, second)


def test_of_two_formats_the_one_that_is_named_is_read() -> None:
    reading = read_values(ROW, CHAT, format="chat")
    assert [seed.id for seed in reading.records] == ["s/000002"]
    assert [row.rule for row in reading.rejected] == ["no_instruction"]


def test_naming_columns_says_that_there_are_some() -> None:
    columns = Columns(instruction="prompt", response="completion")
    row = {"prompt": "Add.", "completion": "4", **CHAT}
    assert [seed.response for seed in read_values(row, columns=columns).records] == ["4"]


def test_a_bad_row_is_kept_with_its_rule_and_place_and_the_others_are_seeds() -> None:
    empty = {**ROW, "instruction": "  "}
    reading = read_values(ROW, empty, ROW, [1])
    assert [seed.id for seed in reading.records] == ["s/000001", "s/000003"]
    assert [(r.id, r.rule, r.detail) for r in reading.rejected] == [
        ("s/000002", "no_instruction", "s.jsonl:2: field 'instruction' is empty (got '  ')"),
        ("s/000004", "not_an_object", "s.jsonl:4: is not a JSON object (got [1])"),
    ]
    assert [json.loads(row.instruction) for row in reading.rejected] == [empty, [1]]


def test_a_row_without_unicode_is_kept_readable() -> None:
    (row,) = read_values(ROW, {**ROW, "instruction": "a\ud800"}).rejected
    assert "a\\ud800" in row.instruction
    row.detail.encode()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "s.jsonl: holds no seeds"),
        ([{**ROW, "instruction": ""}] * 2 + [7], "every row is rejected (2 no_instruction, 1 not_"),
        ([{"prompt": "a", "answer": "b"}], "this row has answer, prompt; a column by another name"),
        ([{"instruction": "a"}], "the first: s.jsonl:1: field 'output' is missing"),
        ([{"instruction": "a"}], "instructions only are read with --set seeds.options.response="),
    ],
)
def test_a_file_without_a_single_seed_is_refused(rows: list[object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_values(*rows)


def test_exact_repeats_are_seeds_of_their_own() -> None:
    first, second = read_values(ROW, ROW).records
    assert first.id != second.id
    assert first.question == second.question


def test_count_takes_the_first_seeds_and_looks_no_further() -> None:
    bad = {**ROW, "instruction": ""}
    reading = read_values(bad, ROW, bad, ROW, bad, ROW, count=2)
    assert [seed.id for seed in reading.records] == ["s/000002", "s/000004"]
    assert [row.id for row in reading.rejected] == ["s/000001", "s/000003"]
    assert len(read_values(ROW, count=9).records) == 1


def test_a_file_that_is_broken_beyond_count_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ROW)
    path.write_text(path.read_text() + "\n{")
    with pytest.raises(InputError, match=r"s\.jsonl:2: is not JSON"):
        read_file(path, count=1)


def test_a_long_instruction_with_code_fences_is_read_whole(tmp_path: Path) -> None:
    text = "Fix this:\n```python\nprint('é😀')\n```\n" * 3000
    assert len(text.encode()) > 100_000
    (seed,) = read_file(write(tmp_path, {**ROW, "instruction": text})).records
    assert seed.instruction == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "from", "value", "content", "type", "text"])
            | st.text(max_size=2),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELDS = ("instruction", "input", "output", "system", "messages", "conversations")


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON, max_size=5))
def test_whatever_rows_hold_each_is_a_seed_or_has_a_rule(rows: list[object]) -> None:
    for format in ("alpaca", "sharegpt", "chat"):
        reading = read_values({**ROW, **CHAT, **SHAREGPT}, *rows, format=format)
        assert len(reading.records) + len(reading.rejected) == len(rows) + 1
        assert all(seed.instruction.strip() for seed in reading.records)
        assert all(row.rule and row.detail.startswith("s.jsonl:") for row in reading.rejected)


@pytest.mark.real_data
def test_code_alpaca_is_read_whole(shared: Path) -> None:
    seeds, rejected = read_file(shared / "data/seeds/code_alpaca_20k.json.gz")
    assert (len(seeds), seeds[-1].id, rejected) == (20_022, "code_alpaca_20k/020022", [])


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "count"), [("1", 301), ("2", 303), ("3", 301)])
def test_real_questions_without_answers_are_read(shared: Path, name: str, count: int) -> None:
    path = shared / f"data/evolved/python_questions_round_{name}.json"
    seeds, rejected = read_file(path, columns=Columns(response=""))
    assert (len(seeds), len(rejected)) == (count, 0)
