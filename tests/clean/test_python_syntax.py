from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.clean import python_syntax


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    return x\n",
        "    a = 1\n    b = 2\n",
        "\tif a:\n\t\tb()\n",
        ">>> 1 + 1\n2\n>>> for a in b:\n...     print(a)\n...\n1\n",
        "In [1]: a = 1\nIn [2]: a\n",
        "%matplotlib inline\n!pip install x\nimport x\n",
        "x.sort?\n",
        "for <item> in <a list>:\n    <do something>\n",
        "for a in b:\n    # do something\n",
        "def f():\n    ...\n",
        "a = […]\n",
    ],
)
def test_what_people_write_for_python_is_python(code: str) -> None:
    assert python_syntax.fault(code) is None


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("if x = 5:\n    pass", "line 1: invalid syntax"),
        ("a = (1,\nb = 2\n", "line 1: '(' was never closed"),
        ("def f():\nreturn 1\n", "line 2: expected an indented block"),
        ("a = 1\n  b = 2\n", "line 2: unexpected indent"),
        ("for i = 1; i < 10; i++ {\n}", "line 1: invalid syntax"),
    ],
)
def test_a_fault_is_told_with_its_line(code: str, detail: str) -> None:
    found = python_syntax.fault(code)
    assert found is not None and found.startswith(detail)


@pytest.mark.parametrize(
    "code", ['print "a"', "exec 'a'", "raise E, 1", "except E, e:", "1 <> 2", "print\n"]
)
def test_python_2_is_recognised(code: str) -> None:
    assert python_syntax.may_be_python_2(code)


@pytest.mark.parametrize("code", ['print("a")', "print = 1", "raise E(a, b)", "except (A, B):"])
def test_python_3_is_not_taken_for_it(code: str) -> None:
    assert not python_syntax.may_be_python_2(code)


@pytest.mark.parametrize(
    "text", ["Break", "return", "Yes or no", "note: this", "apple, cat", "42", "alert(1);", "a b"]
)
def test_prose_that_parses_is_no_program(text: str) -> None:
    assert not python_syntax.is_program(text)


@pytest.mark.parametrize("text", ["a = 1", "print(a)", "[x for x in y]", "for a in b: c()"])
def test_code_that_does_something_is_a_program(text: str) -> None:
    assert python_syntax.is_program(text)


@given(st.text(alphabet="ab(): \n\t#<>.…%!?>=\"'\\\0\ud800", max_size=40))
def test_no_text_is_too_odd(code: str) -> None:
    python_syntax.fault(code)
    python_syntax.is_program(code)
    python_syntax.may_be_python_2(code)


@pytest.mark.parametrize(
    "unit", ["(", "[{", "-", "not ", "a.", "a(", "<", "\t", "# \n", "f'{", "=a"]
)
def test_what_nests_deep_is_judged_in_bounded_time(unit: str) -> None:
    code = unit * (python_syntax.MOST_CHARACTERS // len(unit))
    began = time.process_time()
    python_syntax.fault(code)
    assert time.process_time() - began < 3
