"""Numbers as the report writes them: rounded to what they can bear, with thin spaces and units."""

from __future__ import annotations

import math

from wizardcoder.report.results import GroupScore

_SPACE = "\u202f"  # narrow, and no line ends at it
_MINUS = "\u2212"


def percent(share: float, decimals: int = 0) -> str:
    """A share in percent. What is not quite 0 or 100 is never rounded to it.

    >>> percent(0.18), percent(0.004), percent(0.597561, 1), percent(1)
    ('18\u202f%', '0.4\u202f%', '59.8\u202f%', '100\u202f%')
    """
    return f"{_hundredths(share, decimals)}{_SPACE}%"


def interval(low: float, high: float, decimals: int = 0) -> str:
    """The two ends of an interval of shares, in percent.

    >>> interval(0.12, 0.26)
    '[12, 26]'
    """
    return f"[{_hundredths(low, decimals)}, {_hundredths(high, decimals)}]"


def scored(score: GroupScore) -> str:
    """A rate with its interval: `18 % [12, 26]`."""
    return f"{percent(score.rate)} {interval(score.low, score.high)}"


def points(difference: float) -> str:
    """A signed difference of shares in percentage points, without the unit.

    >>> points(0.171), points(-0.14), points(0.0)
    ('+17', '−14', '0')
    """
    text = _hundredths(abs(difference), 0)
    if difference == 0:
        return text
    return f"{'+' if difference > 0 else _MINUS}{text}"


def count(number: float) -> str:
    """A whole number, its thousands apart.

    >>> count(1400000)
    '1\u202f400\u202f000'
    """
    return f"{number:,.0f}".replace(",", _SPACE)


def duration(seconds: float) -> str:
    """A time that a person grasps at a glance.

    >>> duration(0.42), duration(9.5), duration(74), duration(7380)
    ('0.4\u202fs', '9.5\u202fs', '1\u202fmin\u202f14\u202fs', '2\u202fh\u202f3\u202fmin')
    """
    if seconds < 59.95:
        decimals = 1 if seconds < 9.95 else 0
        return f"{seconds:.{decimals}f}{_SPACE}s"
    if seconds < 3599.5:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}{_SPACE}min{_SPACE}{rest}{_SPACE}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}{_SPACE}h{_SPACE}{minutes}{_SPACE}min"


def loss(value: float) -> str:
    """A loss to two places, and to as many as tell it from zero.

    >>> loss(2.3231), loss(0.0912), loss(0.000061), loss(0.0)
    ('2.32', '0.09', '0.00006', '0')
    """
    if not value:
        return "0"
    return f"{value:.{max(2, math.ceil(-math.log10(abs(value))))}f}"


def dollars(usd: float) -> str:
    """A price; cents only where they matter.

    >>> dollars(0), dollars(0.0042), dollars(12.5), dollars(1234.5)
    ('$0', '$0.0042', '$12.50', '$1\u202f234')
    """
    if usd == 0:
        return "$0"
    if usd < 0.095:
        return f"${usd:.2g}"
    return f"${usd:.2f}" if usd < 1000 else f"${count(usd)}"


def _hundredths(share: float, decimals: int) -> str:
    value = 100 * share
    text = f"{value:.{decimals}f}"
    if 0 < value < 100 and float(text) in (0, 100):
        text = f"{value:.1f}" if 0.05 <= value < 99.95 else ("<0.1" if value < 50 else ">99.9")
    return text
