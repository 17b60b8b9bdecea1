"""The rows of a seed file are read whole with their lines, or the file is refused."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wizardcoder.errors import InputError, MissingDataError
from wizardcoder.seeds.files import read_rows

ROW = {"instruction": "Add 2 and 2.", "output": "4"}
GOOD = json.dumps(ROW)


def write(folder: Path, content: str | bytes, name: str = "s.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path) -> list[tuple[int, Any]]:
    return [(line, value) for line, value in read_rows(path)]


@pytest.mark.parametrize("name", ["s.json", "s.jsonl", "s.json.gz", "s.jsonl.gz"])
def test_an_array_and_lines_plain_or_gzipped_read_the_same(tmp_path: Path, name: str) -> None:
    values = [ROW, {**ROW, "instruction": "é\u2028ü"}]
    lines = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    text = lines if "jsonl" in name else json.dumps(values, indent=1)
    content = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    assert [value for _, value in rows(write(tmp_path, content, name))] == values


def test_parquet_is_read_with_the_number_of_the_row_for_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    chat = [[{"role": "user", "content": "é"}], None]
    pq.write_table(pa.table({"instruction": ["a", "b\u2028"], "messages": chat}), path)
    assert rows(path) == [
        (1, {"instruction": "a", "messages": [{"role": "user", "content": "é"}]}),
        (2, {"instruction": "b\u2028", "messages": None}),
    ]


def test_a_file_without_an_ending_is_an_array(tmp_path: Path) -> None:
    assert rows(write(tmp_path, f"[{GOOD}]", "seeds")) == [(1, ROW)]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_a_separator_that_python_calls_a_line_end_splits_no_row(
    tmp_path: Path, separator: str
) -> None:
    row = {**ROW, "instruction": f"A{separator}B"}
    line = json.dumps(row, ensure_ascii=False)
    assert separator in line
    assert rows(write(tmp_path, f"{line}\n{line}\n")) == [(1, row), (2, row)]


@pytest.mark.parametrize("name", ["s.json", "s.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path: Path, name: str) -> None:
    text = GOOD if name.endswith("l") else f"[{GOOD}]"
    assert rows(write(tmp_path, b"\xef\xbb\xbf" + text.encode(), name)) == [(1, ROW)]


def test_windows_line_ends_and_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path, f"{GOOD}\r\n\r\n  \n{GOOD}\r\n")
    assert rows(path) == [(1, ROW), (4, ROW)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[\n  {"instruction": "a",\n   "output": "b"},\n\n  {"instruction": "c"}\n]', [2, 5]),
        ('[{"instruction": "a\\n", "output": "b"}, {"instruction": "c"}]', [1, 1]),
        ('\n\n[{"instruction": "c"}]', [3]),
        ('[\n{"instruction": "a", "output": "[1,\\n2]"}\n,\n{"instruction": "c"}]', [2, 4]),
        ('[{"instruction": "a",\r\n"output": "b"},\r\n7]', [1, 3]),
    ],
)
def test_a_row_of_an_array_has_the_line_on_which_it_begins(
    tmp_path: Path, text: str, lines: list[int]
) -> None:
    assert [line for line, _ in rows(write(tmp_path, text, "s.json"))] == lines


@pytest.mark.parametrize(
    ("name", "text"),
    [("s.json", ""), ("s.json", "\n \n"), ("s.json", "[]"), ("s.jsonl", ""), ("s.jsonl", "\n \n")],
)
def test_a_file_without_rows_has_none(tmp_path: Path, name: str, text: str) -> None:
    assert rows(write(tmp_path, text, name)) == []


# What cannot be read


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"instruction": "a", ', "s.jsonl:3: is not JSON: Expecting property name"),
        (GOOD + GOOD, 's.jsonl:3: is not JSON: Extra data (got \'{"instruction"'),
        ("nonsense", "s.jsonl:3: is not JSON: Expecting value (got 'nonsense')"),
        ("9" * 5000, "s.jsonl:3: cannot be read as JSON: Exceeds the limit"),
        ("[" * 99_999, "s.jsonl:3: cannot be read as JSON: maximum recursion depth"),
    ],
)
def test_a_line_that_is_not_json_is_named_with_its_value(
    tmp_path: Path, line: str, message: str
) -> None:
    path = write(tmp_path, f"{GOOD}\n{GOOD}\n{line}\n{GOOD}\n")
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        rows(path)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_lines_in_a_file_called_json_are_told_what_it_should_be_called(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.json:2: is not JSON: Extra data.*named \.jsonl"):
        rows(write(tmp_path, f"{GOOD}\n{GOOD}\n", "s.json"))


def test_an_object_is_not_an_array(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.json: is not a JSON array of rows \(got {'data'"):
        rows(write(tmp_path, '{"data": []}', "s.json"))


@pytest.mark.parametrize("name", ["absent.json", "absent.parquet"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingDataError, match=rf"{re.escape(name)}: no such seed file"):
        rows(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.jsonl", b'{"instruction": "\xff"}'),
        ("s.jsonl.gz", b"not gzip"),
        ("s.jsonl.gz", gzip.compress(GOOD.encode())[:-9]),
        ("s.jsonl.gz", gzip.compress(GOOD.encode() * 9)[:20] + b"\xff" * 40),
        ("s.parquet", b"not parquet"),
        ("s.parquet", b"PAR1" + b"\0" * 99 + b"PAR1"),
    ],
    ids=["not UTF-8", "not gzip", "cut gzip", "damaged gzip", "not Parquet", "damaged Parquet"],
)
def test_a_file_that_cannot_be_decoded_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InputError, match=rf"{re.escape(name)}(:1)?: cannot be read"):
        rows(write(tmp_path, content, name))
