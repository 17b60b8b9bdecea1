"""Seeds in the Alpaca format are read whole, or refused with their place."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.records import Record
from wizardcoder.seeds import read_alpaca

ROW = {"instruction": "Add 2 and 2.", "input": "", "output": "4"}
GOOD = json.dumps(ROW)


def write(folder: Path, content: str | bytes, name: str = "s.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def instructions(records: list[Record]) -> list[str]:
    return [record.instruction for record in records]


def test_a_row_becomes_a_record_of_round_0(tmp_path: Path) -> None:
    row = {"instruction": "Sum.", "input": "[1, 2]", "output": "3", "note": "ignored"}
    path = write(tmp_path, json.dumps([row]), "tasks.json")
    assert read_alpaca(path, licence="MIT") == [
        Record(
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
    ]


@pytest.mark.parametrize("name", ["s.json", "s.jsonl", "s.json.gz", "s.jsonl.gz"])
def test_an_array_and_lines_plain_or_gzipped_read_the_same(tmp_path: Path, name: str) -> None:
    rows = [ROW, {**ROW, "instruction": "é\u2028ü"}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    text = lines if "jsonl" in name else json.dumps(rows, indent=1)
    content = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    records = read_alpaca(write(tmp_path, content, name))
    assert [(r.id, r.instruction, r.source) for r in records] == [
        ("s/000001", "Add 2 and 2.", "s"),
        ("s/000002", "é\u2028ü", "s"),
    ]


def test_the_source_can_be_named(tmp_path: Path) -> None:
    assert read_alpaca(write(tmp_path, GOOD), source="mine")[0].source == "mine"


def test_a_file_without_an_ending_is_an_array_with_ids_of_its_name(tmp_path: Path) -> None:
    assert read_alpaca(write(tmp_path, f"[{GOOD}]", "seeds"))[0].id == "seeds/000001"


def test_a_row_without_input_has_none(tmp_path: Path) -> None:
    path = write(tmp_path, '{"instruction": "Add.", "output": "4"}')
    assert read_alpaca(path)[0].input == ""


def test_text_is_kept_as_it_is(tmp_path: Path) -> None:
    odd = " \n\tA\u2028B\u0085C\x0cD\0\U0001f600 "
    path = write(tmp_path, json.dumps({**ROW, "instruction": odd}, ensure_ascii=False))
    assert instructions(read_alpaca(path)) == [odd]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_a_separator_that_python_calls_a_line_end_splits_no_row(
    tmp_path: Path, separator: str
) -> None:
    row = json.dumps({**ROW, "instruction": f"A{separator}B"}, ensure_ascii=False)
    assert separator in row
    assert instructions(read_alpaca(write(tmp_path, f"{row}\n{row}\n"))) == [f"A{separator}B"] * 2


@pytest.mark.parametrize("name", ["s.json", "s.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path: Path, name: str) -> None:
    text = GOOD if name.endswith("l") else f"[{GOOD}]"
    assert len(read_alpaca(write(tmp_path, b"\xef\xbb\xbf" + text.encode(), name))) == 1


def test_windows_line_ends_and_blank_lines_are_no_rows(tmp_path: Path) -> None:
    records = read_alpaca(write(tmp_path, f"{GOOD}\r\n\r\n  \n{GOOD}\r\n"))
    assert [(r.id, r.instruction) for r in records] == [
        ("s/000001", "Add 2 and 2."),
        ("s/000002", "Add 2 and 2."),
    ]


def test_count_takes_the_first_rows(tmp_path: Path) -> None:
    rows = [{**ROW, "instruction": str(number)} for number in range(5)]
    path = write(tmp_path, json.dumps(rows), "s.json")
    assert instructions(read_alpaca(path, count=3)) == ["0", "1", "2"]
    assert len(read_alpaca(path, count=9)) == 5


def test_rows_after_count_are_checked_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.jsonl:2: is not JSON"):
        read_alpaca(write(tmp_path, f"{GOOD}\n{{"), count=1)


# What cannot be used


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"instruction": "a", ', "s.jsonl:3: is not JSON: Expecting property name"),
        (GOOD + GOOD, 's.jsonl:3: is not JSON: Extra data (got \'{"instruction"'),
        ("nonsense", "s.jsonl:3: is not JSON: Expecting value (got 'nonsense')"),
        ("[1]", "s.jsonl:3: is not a JSON object (got [1])"),
        ("9" * 5000, "s.jsonl:3: cannot be read as JSON: Exceeds the limit"),
        ("[" * 99_999, "s.jsonl:3: cannot be read as JSON: maximum recursion depth"),
        (
            '{"prompt": "a", "output": "b"}',
            "s.jsonl:3: field 'instruction' is missing; a row needs instruction and output; this",
        ),
        ('{"instruction": "a"}', "s.jsonl:3: field 'output' is missing"),
        ('{"prompt": "a", "output": "b"}', "and output; this one has output, prompt"),
        ("{}", "and output; this one has no field"),
        ('{"instruction": 7, "output": "b"}', "s.jsonl:3: field 'instruction' is not text (got 7)"),
        (
            '{"instruction": "a", "input": ["x"], "output": "b"}',
            "s.jsonl:3: field 'input' is not text (got ['x'])",
        ),
        ('{"instruction": "a", "output": null}', "s.jsonl:3: field 'output' is null, not text"),
        (
            '{"instruction": " \\n", "output": "b"}',
            "s.jsonl:3: field 'instruction' is empty (got ' \\n')",
        ),
        (
            '{"instruction": "a\\ud800", "output": "b"}',
            "s.jsonl:3: field 'instruction' holds half of a surrogate pair, which is no Unicode",
        ),
    ],
)
def test_a_bad_line_is_named_with_file_line_field_and_value(
    tmp_path: Path, line: str, message: str
) -> None:
    path = write(tmp_path, f"{GOOD}\n{GOOD}\n{line}\n{GOOD}\n")
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_alpaca(path)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[\n  {"instruction": "a",\n   "output": "b"},\n\n  {"instruction": "c"}\n]', 5),
        ('[{"instruction": "a\\n", "output": "b"}, {"instruction": "c"}]', 1),
        ('\n\n[{"instruction": "c"}]', 3),
        ('[\n{"instruction": "a", "output": "[1,\\n2]"}\n,\n{"instruction": "c"}]', 4),
        ('[{"instruction": "a",\r\n"output": "b"},\r\n7]', 3),
    ],
)
def test_a_bad_row_of_an_array_is_named_with_the_line_it_begins_on(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(InputError, match=rf"s\.json:{line}: "):
        read_alpaca(write(tmp_path, text, "s.json"))


def test_lines_in_a_file_called_json_are_told_what_it_should_be_called(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.json:2: is not JSON: Extra data.*named \.jsonl"):
        read_alpaca(write(tmp_path, f"{GOOD}\n{GOOD}\n", "s.json"))


def test_an_object_is_not_an_array(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.json: is not a JSON array of rows \(got {'data'"):
        read_alpaca(write(tmp_path, '{"data": []}', "s.json"))


@pytest.mark.parametrize(
    ("name", "text"),
    [("s.json", ""), ("s.json", "\n \n"), ("s.json", "[]"), ("s.jsonl", ""), ("s.jsonl", "\n \n")],
)
def test_a_file_without_rows_holds_no_seeds(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: holds no seeds"):
        read_alpaca(write(tmp_path, text, name))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"absent\.json: no such seed file"):
        read_alpaca(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.jsonl", b'{"instruction": "\xff"}'),
        ("s.jsonl.gz", b"not gzip"),
        ("s.jsonl.gz", gzip.compress(GOOD.encode())[:-9]),
        ("s.jsonl.gz", gzip.compress(GOOD.encode() * 9)[:20] + b"\xff" * 40),
    ],
    ids=["not UTF-8", "not gzip", "cut gzip", "damaged gzip"],
)
def test_a_file_that_cannot_be_decoded_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InputError, match=rf"{re.escape(name)}: cannot be read: "):
        read_alpaca(write(tmp_path, content, name))


@pytest.mark.real_data
def test_code_alpaca_is_read_whole(shared: Path) -> None:
    seeds = read_alpaca(shared / "data/seeds/code_alpaca_20k.json.gz")
    assert (len(seeds), seeds[-1].id) == (20_022, "code_alpaca_20k/020022")
