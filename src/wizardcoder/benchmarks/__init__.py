"""The benchmarks, by name.

>>> NAMES[0]
'humaneval'
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wizardcoder.benchmarks import ds1000, humaneval, humanevalplus, mbpp, mbppplus, own
from wizardcoder.benchmarks.benchmark import Answer, Assembly, Benchmark, Examples, Runtime, digest
from wizardcoder.benchmarks.sources import cache_folder
from wizardcoder.errors import UsageError

__all__ = [
    "NAMES",
    "Answer",
    "Assembly",
    "Benchmark",
    "Examples",
    "Runtime",
    "cache_folder",
    "digest",
    "load",
    "own",
]

_LOADERS: dict[str, Callable[[Path | None], Benchmark]] = {
    "humaneval": humaneval.load,
    "humanevalplus": humanevalplus.load,
    "mbpp": mbpp.load,
    "mbpp-dev": mbpp.load_development,
    "mbppplus": mbppplus.load,
    "ds1000": ds1000.load,
}
NAMES = tuple(_LOADERS)


def load(name: str, data: Path | None = None) -> Benchmark:
    """The benchmark of that name; `data` is its file or a folder that holds it.

    Raises UsageError for an unknown name, MissingDataError and InputError as its loader does.
    """
    if name not in _LOADERS:
        raise UsageError(f"unknown benchmark {name!r}; known: {', '.join(NAMES)}")
    return _LOADERS[name](data)
