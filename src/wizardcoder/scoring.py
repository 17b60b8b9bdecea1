"""pass@k and what can be said about it: intervals, and differences between two arms.

Functions of counts and arrays; nothing here knows a verdict or a file. Every random draw comes from
the seed given. Rates and intervals are shares between 0 and 1. numpy is imported where it is used:
one sample per problem needs none, and it would be a good part of what such a command takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb, prod, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_RESAMPLES = 10_000
_CHUNK = 500  # resamples at a time: bounds the memory, not the result


class Interval(NamedTuple):
    low: float
    high: float


class Difference(NamedTuple):
    """The mean difference of two arms, b − a, with its interval."""

    mean: float
    interval: Interval


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that one of k samples passes, estimated without bias from n of which c passed.

    1 − C(n−c, k) / C(n, k), as a product, which neither overflows nor cancels. Raises ValueError
    unless 0 ≤ c ≤ n and 1 ≤ k ≤ n.

    >>> pass_at_k(n=10, c=3, k=1)
    0.30000000000000004
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"pass@k needs 0 <= c <= n and 1 <= k <= n (got n={n}, c={c}, k={k})")
    if n - c < k:
        return 1.0
    return 1.0 - prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def wilson_interval(passed: int, total: int, confidence: float = 0.95) -> Interval:
    """Wilson's interval of a share: for one sample per problem. (0, 1) when there is nothing."""
    if total == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = passed / total, z * z / total
    center = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return Interval(max(0.0, center - half), min(1.0, center + half))


def bootstrap_interval(
    values: ArrayLike, *, seed: int, confidence: float = 0.95, resamples: int = _RESAMPLES
) -> Interval:
    """The percentile interval of the mean of `values`, resampling problems.

    `values`: a score per problem, (problems,), or per problem and training seed,
    (problems, seeds): then both are resampled.
    """
    import numpy as np

    table = _table(values)
    rng = np.random.default_rng(seed)
    return _percentiles(np.concatenate(list(_means(table, rng, resamples))), confidence)


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    *,
    seed: int,
    confidence: float = 0.95,
    resamples: int = _RESAMPLES,
) -> Difference:
    """How much better arm `b` scores than arm `a` on the same problems.

    Both (problems,) or (problems, seeds), the same problems in the same order. Each resample draws
    problems once for both arms, and training seeds for each arm by itself: two models that share a
    seed number share nothing else. Raises ValueError when the problems differ in number.
    """
    import numpy as np

    table_a, table_b = _table(a), _table(b)
    if len(table_a) != len(table_b):
        raise ValueError(f"the arms were scored on {len(table_a)} and {len(table_b)} problems")
    rng = np.random.default_rng(seed)
    differences = np.concatenate(list(_mean_differences(table_a, table_b, rng, resamples)))
    mean = float(table_b.mean() - table_a.mean())
    return Difference(mean, _percentiles(differences, confidence))


def mcnemar(lost: int, won: int) -> float:
    """The exact two-sided p-value of McNemar's test: were as many pairs lost as won by chance?

    `lost` and `won` count the pairs that differ, one way and the other. 1 when none does.

    >>> mcnemar(lost=1, won=9)
    0.021484375
    """
    differing = lost + won
    tail = sum(comb(differing, i) for i in range(min(lost, won) + 1))
    return float(min(1.0, 2 * tail / 2**differing))


def _table(values: ArrayLike) -> Array:
    """(problems, seeds), at least one of each."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    table = array[:, np.newaxis] if array.ndim == 1 else array
    if table.ndim != 2 or table.size == 0:
        raise ValueError(
            f"expected scores of shape (problems,) or (problems, seeds): {array.shape}"
        )
    return table


def _means(table: Array, rng: np.random.Generator, resamples: int) -> Iterator[Array]:
    for count in _chunks(resamples):
        yield _resampled(table, _weights(rng, len(table), count), rng)


def _mean_differences(
    a: Array, b: Array, rng: np.random.Generator, resamples: int
) -> Iterator[Array]:
    for count in _chunks(resamples):
        problems = _weights(rng, len(a), count)
        yield _resampled(b, problems, rng) - _resampled(a, problems, rng)


def _resampled(table: Array, problems: Array, rng: np.random.Generator) -> Array:
    """The mean of `table` in each resample; `problems` are weights (resamples, problems)."""
    seeds = _weights(rng, table.shape[1], len(problems))
    means: Array = ((problems @ table) * seeds).sum(axis=1)
    return means


def _weights(rng: np.random.Generator, size: int, count: int) -> Array:
    """How often each of `size` things is drawn in `count` resamples, as shares."""
    import numpy as np

    return rng.multinomial(size, np.full(size, 1 / size), size=count) / size


def _chunks(total: int) -> Iterator[int]:
    for start in range(0, total, _CHUNK):
        yield min(_CHUNK, total - start)


def _percentiles(samples: Array, confidence: float) -> Interval:
    import numpy as np

    tail = (1 - confidence) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Interval(float(low), float(high))
