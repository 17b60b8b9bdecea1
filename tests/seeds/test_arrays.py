"""An array is read row by row, and behind what is broken reading goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.seeds.arrays import Broken, array_rows


def is_row(value: object) -> bool:
    return isinstance(value, dict) and "q" in value


def values(text: str) -> list[Any]:
    """The rows of a text, None for what is broken."""
    return [None if isinstance(p, Broken) else p[1] for p in array_rows(text, is_row)]


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text())), st.sampled_from([None, 1]))
def test_a_valid_array_reads_as_json_does(rows: list[dict[str, Any]], indent: int | None) -> None:
    assert values(json.dumps(rows, indent=indent)) == rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"q": 1}, {"q": , {"q": 3}]', [{"q": 1}, None, {"q": 3}]),
        ('[{"q": 1}\n{"q": 2}]', [{"q": 1}, None, {"q": 2}]),
        ('[{"q": "1}, {"q": 2},\n{"q": 3}]', [None, {"q": 2}, {"q": 3}]),
        ('[{"turns": [{"from": 1}, {"from": }], "q": 1}, {"q": 2}]', [None, {"q": 2}]),
        ('[{"q": 1}, {"q": 2', [{"q": 1}, None]),
        ('[{"q": 1}', [{"q": 1}, None]),
        ('[{"q": 1}] more', [{"q": 1}, None]),
        ('[{"q": 1},]', [{"q": 1}, None]),
        ("[" * 9999, [None]),
    ],
)
def test_what_is_broken_costs_no_other_row(text: str, expected: list[Any]) -> None:
    assert values(text) == expected


@given(st.integers(0, 200), st.integers(1, 40))
def test_a_hole_costs_only_the_rows_that_it_touches(start: int, length: int) -> None:
    rows = [{"q": n, "a": "x" * n} for n in range(12)]
    lines = ",\n".join(json.dumps(row) for row in rows)
    text = f"[{lines}]"
    whole = [row for row in rows if text.find(json.dumps(row)) > start + length]
    found = values(text[:start] + text[start + length :])
    assert [row for row in whole[1:] if row not in found] == []
