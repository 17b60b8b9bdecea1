"""The benchmarks, by name.

>>> sorted(NAMES)
['humaneval']
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wizardcoder.benchmarks import humaneval
from wizardcoder.benchmarks.benchmark import Assembly, Benchmark, Examples, digest
from wizardcoder.errors import UsageError

__all__ = ["NAMES", "Assembly", "Benchmark", "Examples", "digest", "load"]

_LOADERS: dict[str, Callable[[Path | None], Benchmark]] = {"humaneval": humaneval.load}
NAMES = tuple(_LOADERS)


def load(name: str, data: Path | None = None) -> Benchmark:
    """The benchmark of that name; `data` is its file or a folder that holds it.

    Raises UsageError for an unknown name, MissingDataError and InputError as its loader does.
    """
    if name not in _LOADERS:
        raise UsageError(f"unknown benchmark {name!r}; known: {', '.join(NAMES)}")
    return _LOADERS[name](data)
