"""How long records are in tokens, and which are far longer than the others.

A token is that of `shingles`: a word, a number or a sign. A model's tokens are somewhat more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.columns import Texts
from wizardcoder.clean.kernels import KINDS, MARK, SPACE, WORD, Bytes, Indices, compiled

#: Never too long, whatever the others are: as much as a row of the paper's training holds.
NEVER_TOO_LONG_TOKENS = 2048
#: Tukey's "far out": so many interquartile ranges beyond the third quartile, of log lengths.
_RANGES = 3.0


def count(texts: Texts) -> Indices:
    """The tokens of each text, (texts,)."""
    return _counts(texts.data, texts.offsets)


def limit(tokens: Indices) -> int:
    """The tokens that no record of such a data set should exceed.

    Q3 + 3 · (Q3 - Q1) of the logarithms of those that are not empty, as tokens again, but never
    less than 2,048.
    """
    logs = np.log(tokens[tokens > 0])
    if not len(logs):
        return NEVER_TOO_LONG_TOKENS
    first, third = np.quantile(logs, [0.25, 0.75])
    beyond = np.exp(min(third + _RANGES * (third - first), 40.0))
    return max(NEVER_TOO_LONG_TOKENS, int(beyond))


@compiled
def _counts(data: Bytes, offsets: Indices) -> NDArray[np.int64]:
    counts = np.zeros(len(offsets) - 1, np.int64)
    for text in range(len(offsets) - 1):
        before, found = SPACE, 0
        for place in range(offsets[text], offsets[text + 1]):
            kind = KINDS[data[place]]
            found += kind == MARK or (kind == WORD and before != WORD)
            before = kind
        counts[text] = found
    return counts
