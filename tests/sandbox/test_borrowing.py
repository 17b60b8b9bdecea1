"""Whether a program defines anew what its test takes from the problem's own code."""

from __future__ import annotations

import pytest

from wizardcoder.sandbox.borrowing import borrows, redefines

HELPERS = "import math\nSHIFT = 5\ndef encode(s): return s + str(SHIFT)\ndef f(s): return s"
TEST = "def check(candidate): assert candidate(encode(s)) == s"


def differs(program: str, test: str = TEST) -> bool:
    return redefines(program, compile(test, "test", "exec"), HELPERS, "f")


@pytest.mark.parametrize(
    "program",
    [
        HELPERS,
        "def f(s): return 0",
        HELPERS + "\ndef f(s): return 0",
        HELPERS + "\ndef encode(s): return s + str(SHIFT)",
        "def encode(s): return 0\n" + HELPERS,
        HELPERS + "\ndef other():\n    encode = 1\n    import math as SHIFT",
        "def encode(s) return",
    ],
)
def test_a_program_with_the_helpers_as_they_are_redefines_nothing(program: str) -> None:
    assert not differs(program)


@pytest.mark.parametrize(
    "program",
    [
        "def encode(s): return s",
        HELPERS + "\ndef encode(s): return s",
        HELPERS + "\nencode = f",
        HELPERS + "\nif True:\n    def encode(s): return s",
        HELPERS + "\nfor encode in [f]: pass",
        HELPERS + "\nfrom math import sqrt as encode",
        HELPERS + "\nfrom math import *",
        HELPERS + "\nSHIFT = 6",
        HELPERS + "\nSHIFT += 1",
        HELPERS + "\ndel encode",
        HELPERS + "\ndef other():\n    global encode\n    encode = f",
        "x = " + "-" * 200_000 + "1",
    ],
)
def test_whatever_might_give_a_borrowed_name_another_meaning_is_noticed(program: str) -> None:
    assert differs(program)


def test_a_test_that_borrows_nothing_minds_no_definition() -> None:
    test = "def check(candidate): assert candidate(1) == f(1)"
    assert not differs("def encode(s): return 0\ndef f(s): return s", test)


def test_helpers_are_needed_only_where_a_name_of_the_test_is_in_them() -> None:
    test = compile(TEST, "test", "exec")
    assert borrows(test, HELPERS)
    assert not borrows(test, "def g(): 0")
