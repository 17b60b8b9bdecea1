"""Programs as syntax trees. They are untrusted: reading one must harm nobody."""

from __future__ import annotations

import ast
import warnings

#: A tree takes a hundred times the memory of its source, and more.
_MAX_CHARACTERS = 1 << 20


class UnclearError(Exception):
    """A program that is too large, or nested too deep, to look at."""


def parse(program: str) -> ast.Module:
    """The tree of a program. Raises SyntaxError, and UnclearError."""
    if len(program) > _MAX_CHARACTERS:
        raise UnclearError(f"{len(program)} characters")
    try:
        with warnings.catch_warnings():  # of what a program is written like
            warnings.simplefilter("ignore")
            return ast.parse(program)
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnclearError(type(error).__name__) from None
