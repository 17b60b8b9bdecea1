from __future__ import annotations

import pytest

from wizardcoder.clean.functions import Function, functions_in

ORIGINAL = '''
from math import sqrt

LIMIT = 3

def roots(numbers: list[float]) -> list[float]:
    """The roots of the numbers."""
    found = []
    for number in numbers:
        if number >= LIMIT:
            found.append(sqrt(number))
    return found
'''


def only(code: str) -> Function:
    (function,) = functions_in(code)
    return function


def test_new_names_give_the_same_digest() -> None:
    other = ORIGINAL
    for old, new in (("roots", "f"), ("numbers", "xs"), ("found", "out"), ("LIMIT", "bound")):
        other = other.replace(old, new)
    assert only(other).digest == only(ORIGINAL).digest


def test_docstring_annotations_comments_and_layout_do_not_count() -> None:
    bare = ORIGINAL.replace('    """The roots of the numbers."""\n', "").replace("    ", "  ")
    bare = bare.replace(": list[float]", "").replace(" -> list[float]:", ":  # none")
    assert only(bare).digest == only(ORIGINAL).digest
    assert only(bare).nodes == only(ORIGINAL).nodes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">=", ">"),
        ("[]", "[0]"),
        ("sqrt(number)", "abs(number)"),
        ("sqrt(number)", "cbrt(number)"),
        ("found.append", "found.extend"),
        ("append(sqrt(number))", "append(sqrt(LIMIT))"),
        ("LIMIT:", "3:"),
        ("numbers:\n", "numbers[::-1]:\n"),
    ],
)
def test_another_meaning_gives_another_digest(old: str, new: str) -> None:
    assert old in ORIGINAL
    assert only(ORIGINAL.replace(old, new)).digest != only(ORIGINAL).digest


def test_swapped_names_give_another_digest() -> None:
    one, other = "def f(a, b):\n    return a - b\n", "def f(a, b):\n    return b - a\n"
    assert only(one).digest != only(other).digest


def test_a_keyword_of_a_call_is_not_a_name_of_the_function() -> None:
    one = "def f(xs, key):\n    return sorted(xs, key=key)\n"
    assert only(one).digest == only("def f(a, b):\n    return sorted(a, key=b)\n").digest


def test_nodes_are_counted_without_operators() -> None:
    # FunctionDef, arguments, arg, Return, Compare, BinOp, Name, Constant, Constant
    assert only("def even(n):\n    return n % 2 == 0\n").nodes == 9


def test_methods_and_inner_functions_are_found() -> None:
    code = "class A:\n  def m(self):\n    def inner():\n      return 1\n    return inner\n"
    assert {f.name for f in functions_in(code)} == {"m", "inner"}


def test_code_is_taken_from_fences_and_prose_around_them_does_no_harm() -> None:
    text = f"Here you are:\n```python\n{ORIGINAL}```\nAnd a shell:\n```\npip install x\n```\n"
    assert only(text).digest == only(ORIGINAL).digest
    assert only(f"Cut off:\n```\n{ORIGINAL}").digest == only(ORIGINAL).digest


def test_the_source_is_the_lines_of_the_function_without_its_docstring() -> None:
    whole = ORIGINAL[ORIGINAL.index("def") :].rstrip()
    assert only(ORIGINAL).source == whole.replace('    """The roots of the numbers."""\n', "")


def test_functions_are_found_in_text_that_is_not_python_as_a_whole() -> None:
    indented = "".join(f"    {line}\n" for line in ORIGINAL.splitlines())
    for text in (
        f"Here you are:\n{ORIGINAL}\nThat's it.",
        f"print 'old'\n{ORIGINAL}",
        f"1. So:\n    ```python\n{indented}    ```\n",
    ):
        assert only(text).nodes == only(ORIGINAL).nodes
    signature = "Broken (\n\ndef f(\n    a,\n    b,\n) -> int:\n    return a\n\nelse:\n"
    assert only(signature).name == "f"


def test_only_functions_of_the_outlines_asked_for_are_read() -> None:
    other = "def f(a, b):\n    return a\n"
    (wanted,) = functions_in(other)
    found = functions_in(f"{ORIGINAL}\n{other}", {wanted.outline})
    assert [function.digest for function in found] == [wanted.digest]


def test_equal_digests_have_equal_outlines() -> None:
    bare = ORIGINAL.replace('    """The roots of the numbers."""\n', "").replace("numbers", "xs")
    assert only(bare).digest == only(ORIGINAL).digest
    assert only(bare).outline == only(ORIGINAL).outline


@pytest.mark.parametrize(
    "code",
    [
        "",
        "def f(x) return x",
        "Please def ine it.",
        "def f():\n    return 1\0",
        "def f(x):\n    return " + "-" * 100_000 + "x",
        "def f(x):\n    return " + "(" * 300 + "x" + ")" * 300,
        "def f(x):\n    return '\ud800'",
    ],
)
def test_what_is_not_python_yields_nothing(code: str) -> None:
    assert not list(functions_in(code))


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    return " + "+".join("x" * 900),
        "def f():\n    return 0x" + "f" * 6000,
        "def f(s):\n    return s == '\\d'",
    ],
)
def test_odd_python_is_read_without_a_warning(code: str) -> None:
    assert only(code).name == "f"
