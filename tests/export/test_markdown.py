"""Values from data do not break the Markdown around them."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.export.samples import ODD_TEXTS
from wizardcoder.export.markdown import code, fenced, prose, scalar

ANY = st.text() | st.sampled_from(ODD_TEXTS)


@given(ANY)
def test_prose_and_code_stay_on_one_line_of_a_table(text: str) -> None:
    for shown in (prose(text), code(text)):
        assert len(shown.splitlines()) <= 1
        assert "|" not in shown.replace(r"\|", "")
        assert shown.isprintable()


@given(ANY)
def test_prose_opens_no_html(text: str) -> None:
    assert "<" not in prose(text).replace(r"\<", "")


@given(st.text("`a ", min_size=1))
def test_nothing_ends_a_code_span_before_its_end(text: str) -> None:
    shown = code(text)
    ticks = len(shown) - len(shown.lstrip("`"))
    assert "`" * ticks not in shown[ticks:-ticks]
    assert not shown[ticks:-ticks].startswith("`")


@given(st.text("`~a\n"))
def test_nothing_ends_a_block_before_its_end(text: str) -> None:
    first, *inside, last = fenced(text).split("\n")
    assert first == f"{last}text"
    assert all(last not in row for row in inside)


@given(ANY)
def test_a_scalar_reads_back_from_yaml(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}\n")["key"] == json.loads(scalar(text))


@pytest.mark.parametrize("text", ["yes", "1.0", "null", "a: b", "- x", "#", "é 😀"])
def test_a_text_stays_a_text_in_yaml(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}")["key"] == text
