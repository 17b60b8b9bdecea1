from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.clean.characters import as_compared, compared

ODD = st.text(
    alphabet="ab 1'-\n\u00a0\u00ad\u200b\u200d\u2019\u201c\u2013\u2028\u3000\uff21\ufb01\u00b2"
    "\u0301\u00e9\u4e2d\uac00\u1112\u1161\ufeff\U0001f600\ufe0f\u037e",
    max_size=12,
)


def array(*texts: str) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("a\u00a0b\u202fc\u3000d\u2028e\u0085f", "a b c d e f"),
        ("s\u200bu\u00adm\u2060\ufeff", "sum"),
        ("\uff44\uff45\uff46 \uff46\uff08\uff58\uff09\uff1a", "def f(x):"),
        ("\u201cit\u2019s\u201d \u2013 \u22121", '"it\'s" - -1'),
        ("\ufb01le e\u0301", "file \u00e9"),
        ("\u4e2d\u6587 na\u00efve", "\u4e2d\u6587 na\u00efve"),
    ],
    ids=["spaces", "invisible", "full-width", "typographic", "composed", "left alone"],
)
def test_what_looks_the_same_is_the_same(odd: str, plain: str) -> None:
    assert as_compared(odd) == plain


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_ascii_is_left_as_it_is(text: str) -> None:
    assert as_compared(text) == text


def test_texts_in_ascii_alone_are_not_copied() -> None:
    texts = array("a", "", "b\n")
    assert compared(texts) is texts


@given(ODD)
def test_done_twice_it_is_the_same(text: str) -> None:
    assert as_compared(as_compared(text)) == as_compared(text)


@given(st.lists(ODD, max_size=5), st.integers(0, 3))
def test_a_column_is_compared_as_its_texts_are(texts: list[str], start: int) -> None:
    found = compared(array(*texts).slice(start)).to_pylist()
    assert found == [as_compared(text) for text in texts[start:]]


def test_a_lone_surrogate_stays() -> None:
    assert as_compared("\ud800\u200b!") == "\ud800!"


def test_comparing_loads_no_pandas() -> None:
    program = (
        "import sys, pyarrow as pa\n"
        "from wizardcoder.clean.characters import compared\n"
        "data = 'a\\u00a0b'.encode()\n"
        "buffers = pa.py_buffer(bytes(8) + len(data).to_bytes(8, 'little')), pa.py_buffer(data)\n"
        "texts = pa.LargeStringArray.from_buffers(1, *buffers)\n"
        "assert str(compared(texts)[0]) == 'a b'\n"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
