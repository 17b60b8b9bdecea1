"""Reading programs that nobody knows."""

from __future__ import annotations

import pytest

from wizardcoder.sandbox import syntax


def test_a_program_is_read_without_a_warning() -> None:
    assert len(syntax.parse("x = '\\d'\ny = 1 is 1").body) == 2


@pytest.mark.parametrize("program", ["-" * 200_000 + "1", "x = 1\n" * 200_000])
def test_what_is_too_deep_or_too_large_is_unclear(program: str) -> None:
    with pytest.raises(syntax.UnclearError):
        syntax.parse(program)


def test_what_is_no_python_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        syntax.parse("def f(x) return")
