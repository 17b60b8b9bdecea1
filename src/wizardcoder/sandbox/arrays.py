"""numpy's values taken apart into plain ones, and put together again.

Both sides; needs numpy only where such a value turns up. Whatever does not fit raises.
"""

from __future__ import annotations

import re
import sys
from typing import Any

_NUMBERS = re.compile(r"[<>|=][biufc][0-9]{1,2}")
_OTHERS = re.compile(r"\|O|[<>|=][US][0-9]{1,9}")
#: Text in an array is padded to the longest: it may grow by this factor.
_PADDING = 64


def take_apart(value: Any) -> tuple[bytes, tuple[Any, ...]] | None:
    """The codec's tag and the parts of a number or an array, None for anything else of numpy's."""
    numpy = sys.modules["numpy"]
    scalar = isinstance(value, numpy.generic)
    if not scalar and type(value) is not numpy.ndarray:
        return None
    array = numpy.asarray(value)
    kind = array.dtype.str
    if _NUMBERS.fullmatch(kind):
        return b"A", (kind, scalar, array.shape, array.tobytes())
    if _OTHERS.fullmatch(kind) and not scalar:
        return b"J", (kind, array.shape, array.ravel().tolist())
    return None


def of_numbers(parts: list[Any]) -> object:
    """The number or array of tag A."""
    kind, scalar, shape, data = parts
    if not _NUMBERS.fullmatch(kind):
        raise ValueError(f"an array of {kind!r}")
    import numpy

    array = numpy.frombuffer(data, dtype=kind).reshape(shape).copy()
    return array[()] if scalar else array


def of_others(parts: list[Any]) -> object:
    """The array of tag J: text, bytes or objects."""
    kind, shape, values = parts
    if not _OTHERS.fullmatch(kind):
        raise ValueError(f"an array of {kind!r}")
    import numpy

    dtype = numpy.dtype(kind)
    sizes = 1 if dtype.hasobject else 1 + max(map(len, values), default=0)
    if dtype.itemsize > _PADDING * sizes:
        raise ValueError("text padded without need")
    if not dtype.hasobject and sizes * len(values) > _PADDING * (1 + sum(map(len, values))):
        raise ValueError("an array that is mostly padding")
    array = numpy.empty(len(values), dtype=dtype)
    for place, value in enumerate(values):
        array[place] = value
    return array.reshape(shape)
