"""What a record becomes in each format, and that nothing that was said is lost on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.export.samples import ODD_TEXTS, record
from wizardcoder.export.formats import FORMATS, ROWS, Format, alpaca, chat, fits, line, sharegpt
from wizardcoder.records import Record
from wizardcoder.seeds import read_file

TALK = record(
    instruction="Sum.", input="[1, 2]", response="3", system="Be brief.", turns=("And 4?", "7")
)
#: What a seed may hold: a NUL is refused when it is read.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read_back(rows: list[Record], format: Format, folder: Path) -> list[Record]:
    path = folder / "train.jsonl"
    path.write_bytes(b"".join(line(row, format) for row in rows))
    records, rejected = read_file(path)
    assert not rejected
    return records


def test_alpaca_has_the_three_fields_of_the_project_it_is_named_after() -> None:
    assert alpaca(TALK) == {"instruction": "Sum.", "input": "[1, 2]", "output": "3"}


def test_chat_holds_the_whole_conversation() -> None:
    said = [("system", "Be brief."), ("user", "Sum.\n[1, 2]"), ("assistant", "3")]
    said += [("user", "And 4?"), ("assistant", "7")]
    assert chat(TALK) == {"messages": [{"role": r, "content": t} for r, t in said]}


def test_sharegpt_names_who_speaks_in_its_own_way() -> None:
    names = [turn["from"] for turn in sharegpt(TALK)["conversations"]]  # type: ignore[attr-defined]
    assert names == ["system", "human", "gpt", "human", "gpt"]


def test_a_record_without_a_response_is_a_question_only() -> None:
    assert len(chat(record(response=""))["messages"]) == 1  # type: ignore[arg-type]


def test_alpaca_holds_conversations_in_part_only() -> None:
    assert [format for format in FORMATS if not fits(TALK, format)] == ["alpaca"]
    assert fits(record(), "alpaca")


def test_every_format_but_parquet_is_lines_of_json() -> None:
    assert {*ROWS, "parquet"} == {*get_args(Format)}


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
@pytest.mark.parametrize("format", ROWS)
def test_a_line_is_one_line_whoever_splits_it(format: Format, text: str) -> None:
    written = line(record(instruction=text, response=text), format).decode()
    assert written.splitlines() == [written.removesuffix("\n")]
    assert json.loads(written) == ROWS[format](record(instruction=text, response=text))


@pytest.mark.parametrize("format", ROWS)
def test_odd_texts_read_back_as_they_were(format: Format, tmp_path: Path) -> None:
    given = [record(n, instruction=text, response=text) for n, text in enumerate(ODD_TEXTS)]
    found = read_back(given, format, tmp_path)
    assert [(r.question, r.response) for r in found] == [(r.question, r.response) for r in given]


@given(st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS, TEXTS), min_size=1))
def test_alpaca_reads_back_as_seeds(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str, str]]
) -> None:
    given = [record(instruction=i, input=more, response=r) for i, more, r in texts]
    found = read_back(given, "alpaca", tmp_path_factory.mktemp("alpaca"))
    assert [(r.instruction, r.input, r.response) for r in found] == texts


@pytest.mark.parametrize("format", ["chat", "sharegpt"])
@given(
    question=TEXTS.filter(str.strip), response=TEXTS, system=TEXTS, turns=st.lists(TEXTS).map(tuple)
)
def test_conversations_read_back_as_seeds(
    tmp_path_factory: pytest.TempPathFactory,
    format: Format,
    question: str,
    response: str,
    system: str,
    turns: tuple[str, ...],
) -> None:
    talk = record(instruction=question, response=response, system=system, turns=turns)
    (found,) = read_back([talk], format, tmp_path_factory.mktemp(format))
    said = (found.system, found.question, found.response, found.turns)
    assert said == (talk.system, talk.question, talk.response, talk.turns)
