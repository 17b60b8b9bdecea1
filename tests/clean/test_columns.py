from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from wizardcoder.clean import columns
from wizardcoder.clean.columns import Texts
from wizardcoder.records import Record
from wizardcoder.storage import to_table

from .planted import record

RECORDS = [
    record("a", "Sum é", "x = 1\n"),
    record("b", " Add", "", input="1 2"),
    record("c", "", "y"),
]


def table(records: list[Record] = RECORDS) -> pa.Table:
    return to_table(Record, records)


def whole(texts: Texts) -> list[str]:
    return [
        texts.data[start:stop].tobytes().decode()
        for start, stop in zip(texts.offsets, texts.offsets[1:], strict=False)
    ]


def test_a_text_is_question_and_response_as_the_record_has_them() -> None:
    wanted = [f"{r.question}\n{r.response}" for r in RECORDS]
    assert columns.texts(table()).to_pylist() == wanted
    assert columns.questions(table()).to_pylist() == [r.question for r in RECORDS]


def test_the_arrays_of_a_slice_hold_its_texts_alone() -> None:
    array = columns.texts(table())
    assert whole(Texts.of(array.slice(1, 1))) == [" Add\n1 2\n"]
    assert not Texts.of(array).data.flags.writeable


def test_an_empty_table_has_no_texts() -> None:
    assert len(Texts.of(columns.texts(table([])))) == 0
    assert len(columns.divided_texts(table([]))[0]) == 0


def test_a_divided_text_says_where_the_response_begins() -> None:
    texts, splits = columns.divided_texts(table())
    assert splits.tolist() == [len(r.question.encode()) + 1 for r in RECORDS]
    assert whole(texts) == [f"{r.question}\n{r.response}" for r in RECORDS]


def test_a_column_in_many_chunks_reads_as_one() -> None:
    chunked = pa.concat_tables([table([r]) for r in RECORDS])
    assert columns.texts(chunked).equals(columns.texts(table()))


def test_chosen_rows_come_in_the_order_asked_for() -> None:
    found = columns.chosen(table(), np.array([2, 0]), ["id"])
    assert found["id"].to_pylist() == ["c", "a"]
    assert columns.chosen(table(), np.array([], np.int64), ["id"]).num_rows == 0


def test_rows_of_a_table_are_those_of_a_table_of_them_alone() -> None:
    places = np.array([0, 2])
    rows, alone = columns.Rows(table(), places), columns.Rows(table([RECORDS[0], RECORDS[2]]))
    assert len(rows) == len(alone) == 2
    wanted = np.array([1, 0])
    assert rows.chosen(wanted, ["id"]).equals(alone.chosen(wanted, ["id"]))
    for first, count in ((0, 1), (1, 1), (0, 5), (1, 5)):
        assert rows.portion(first, count, ["id"]) == alone.portion(first, count, ["id"])


@pytest.mark.parametrize("piece_rows", [1, 2, 100])
def test_the_rows_where_a_mask_holds_stay_in_order(
    piece_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_PIECE_ROWS", piece_rows)
    found = columns.where(table(), np.array([True, False, True]))
    assert found["id"].to_pylist() == ["a", "c"]
    assert columns.where(table([]), np.empty(0, bool)).schema == table().schema


def test_portions_cover_the_table() -> None:
    assert [(start, len(part)) for start, part in columns.portions(table(), 2)] == [(0, 2), (2, 1)]
