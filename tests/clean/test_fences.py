from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.clean.fences import Fence, fences


def tagged(text: str) -> list[tuple[str, str]]:
    return [(block.tag, block.code) for block in fences(text)]


def test_each_block_has_its_tag_and_its_code() -> None:
    text = "First:\n```Python\na = 1\n```\nthen\n~~~ c++ title=x\nint a;\n~~~\n"
    assert tagged(text) == [("python", "a = 1\n"), ("c++", "int a;\n")]


def test_a_longer_fence_holds_shorter_ones() -> None:
    assert tagged("````md\n```py\na\n```\n````\n") == [("md", "```py\na\n```\n")]


def test_a_fence_with_a_tag_does_not_close_a_block() -> None:
    assert tagged("```\n```py\na\n```\nb") == [("", "```py\na\n")]


def test_another_kind_of_fence_does_not_close_a_block() -> None:
    assert tagged("```py\n~~~\na\n```\n") == [("py", "~~~\na\n")]


def test_a_block_that_nothing_closes_ends_with_the_text() -> None:
    assert list(fences("```py\na = 1")) == [Fence("py", "a = 1", closed=False)]


def test_line_ends_of_windows_are_line_ends() -> None:
    assert tagged("```py\r\na\r\nb\r\n```\r\nend") == [("py", "a\nb\n")]


def test_an_end_token_behind_the_fence_belongs_to_nobody() -> None:
    assert tagged("```py\na\n``` <|endoftext|>") == [("py", "a\n")]


def test_code_on_the_line_of_the_fence_is_no_tag() -> None:
    assert tagged("```def f(x):\n    return x\n```") == [("", "    return x\n")]


@pytest.mark.parametrize("tag", ["{.python}", "{python}", "python {linenos=1}", "python,ignore"])
def test_attributes_are_no_part_of_the_tag(tag: str) -> None:
    assert tagged(f"```{tag}\na\n```") == [("python", "a\n")]


@pytest.mark.parametrize("text", ["", "no code", "```py\n\n```", "```span``` of code", "``\na\n``"])
def test_text_without_code_has_no_blocks(text: str) -> None:
    assert tagged(text) == []


@given(st.text(alphabet="`~ \n\rpy<|", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    plain = text.replace("\r\n", "\n")
    assert all(block.code in plain for block in fences(text))


@pytest.mark.parametrize("unit", ["`", "```\n", "``` a\n", "```" + " " * 99, " ", "```py\n~~~\n"])
def test_a_megabyte_of_fences_is_read_in_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    list(fences(text))
    assert time.process_time() - began < 5
