r"""Texts as they are compared: characters that look the same are the same bytes.

Compatibility forms become plain characters (NFKC: full-width letters, ligatures, no-break spaces),
what cannot be seen goes, and typographic quotes, dashes and line ends become those of ASCII. Only
what is compared is changed, never a record. ASCII is left as it is, and at once.

Not undone: letters of one alphabet that look like those of another (Cyrillic a for Latin a).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

#: What takes no room: the soft hyphen, joiners, zero-width spaces, marks of direction, selectors of
#: variants, tags, the byte order mark.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]"
)
_PLAIN = {
    "'": "\u2018\u2019\u201a\u201b\u2032",
    '"': "\u201c\u201d\u201e\u201f",
    "-": "\u2010\u2012\u2013\u2014\u2015\u2212",
    " ": "\u0085\u1680\u2028\u2029",  # spaces that NFKC leaves; every other one it makes plain
}
_STANDS_FOR = {odd: plain for plain, characters in _PLAIN.items() for odd in characters}
_TYPOGRAPHIC = re.compile(f"[{''.join(_STANDS_FOR)}]")


def as_compared(text: str) -> str:
    r"""A text as it is compared; done twice it is the same.

    >>> as_compared("\uff53um\u00a0of\u200b \u201cxs\u201d"), as_compared("sum of xs")
    ('sum of "xs"', 'sum of xs')
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    return _TYPOGRAPHIC.sub(lambda found: _STANDS_FOR[found[0]], text)


def compared(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Texts without nulls as they are compared; the array itself where all are ASCII."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_plain = pc.string_is_ascii(texts)
    if pc.all(is_plain, min_count=0).as_py():
        return texts
    is_odd = pc.invert(is_plain)
    changed = [as_compared(text).encode() for text in texts.filter(is_odd).to_pylist()]
    # made of the memory itself: pa.array would import pandas where that is installed
    ends = np.cumsum([0, *map(len, changed)], dtype=np.int64)
    memory = pa.py_buffer(ends), pa.py_buffer(b"".join(changed))
    replacements = pa.LargeStringArray.from_buffers(len(changed), *memory)
    return pc.replace_with_mask(texts, is_odd, replacements)
