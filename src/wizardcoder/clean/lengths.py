"""How long records are in tokens, and which are far longer than the others.

A token is that of `shingles`: a word, a number or a sign. A model's tokens are somewhat more.
"""

from __future__ import annotations

import numpy as np

from wizardcoder.clean.columns import Texts
from wizardcoder.clean.shingles import Indices

#: Never too long, whatever the others are: as much as a row of the paper's training holds.
NEVER_TOO_LONG_TOKENS = 2048
#: Tukey's "far out": so many interquartile ranges beyond the third quartile, of log lengths.
_RANGES = 3.0


def count(texts: Texts) -> Indices:
    """The tokens of each text, (texts,)."""
    from wizardcoder.clean import kernels  # compiled code, which takes time to load

    return kernels.token_counts(*texts)


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
