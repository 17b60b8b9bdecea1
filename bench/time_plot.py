"""A plot of time against work as an SVG file that stands alone, on light and on dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.report.svg import CONTROL, EVOLVED, INK, MUTED, NEUTRAL, RULE, drawing, inline
from wizardcoder.report.svg import new_axes as axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 800, 440
_MARGINS = {"left": 64, "right": 132, "bottom": 56, "top": 64}  # room for names at the right
_COLOURS = (EVOLVED, CONTROL, NEUTRAL)  # ours comes first
_STYLE = """<style>
svg { --ink: #1c1b19; --muted: #6a665f; --rule: #e3dfd6;
  --neutral: #7d7a74; --evolved: #0068a8; --control: #c65300;
  font-family: system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --ink: #e9e6df; --muted: #a09c94; --rule: #34363b;
  --neutral: #97938b; --evolved: #5db3ec; --control: #f0924a; } }
</style>"""

#: CPU seconds by number of records, of each tool.
Series = Mapping[str, Sequence[tuple[int, float]]]


def write(series: Series, path: Path, title: str) -> None:
    """Draw time against records, both axes logarithmic; the first tool is the one that counts."""
    with drawing():
        figure, axes = axes_of(_WIDTH, _HEIGHT, **_MARGINS)
        _scale(axes, series)
        least = _least(series)
        for (tool, points), colour in zip(series.items(), _COLOURS, strict=False):
            _line(axes, tool, points, colour, least)
        figure.text(0.02, 0.925, title, fontsize=17, color=INK, weight="bold")
        svg = str(inline(figure, path.stem, title))
    size = f'xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
    head, _, rest = svg.replace("<svg ", f"<svg {size}", 1).partition(">")
    path.write_text(f"{head}>{_STYLE}{rest}\n", encoding="utf-8")


def _scale(axes: Axes, series: Series) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("records", fontsize=12, color=MUTED, labelpad=8)
    axes.set_ylabel("CPU seconds", fontsize=12, color=MUTED, labelpad=8)
    for axis, written in ((axes.xaxis, _short), (axes.yaxis, _seconds)):
        axis.set_major_locator(LogLocator(10))
        axis.set_major_formatter(FuncFormatter(lambda value, _, written=written: written(value)))
        axis.set_minor_locator(NullLocator())
    points = [point for each in series.values() for point in each]
    counts, seconds = zip(*points, strict=True)
    axes.set_xlim(min(counts) / 1.25, max(counts) * 1.25)
    axes.set_ylim(min(seconds) / 2, max(seconds) * 2)
    axes.grid(color=RULE, linewidth=1)
    axes.set_axisbelow(True)


def _least(series: Series) -> dict[int, float]:
    """The least seconds of any tool, by number of records."""
    found: dict[int, float] = {}
    for count, seconds in (point for points in series.values() for point in points):
        found[count] = min(seconds, found.get(count, seconds))
    return found


def _line(
    axes: Axes,
    tool: str,
    points: Sequence[tuple[int, float]],
    colour: str,
    least: Mapping[int, float],
) -> None:
    """One tool's line, with its seconds at the points and its name after the last one.

    The lowest of the points above each other has its seconds below it, so that none collide.
    """
    is_first = colour == _COLOURS[0]
    look = {"linewidth": 3.0, "markersize": 8.0} if is_first else {"linewidth": 2, "markersize": 6}
    axes.plot(*zip(*points, strict=True), color=colour, marker="o", clip_on=False, **look)
    for count, seconds in points:
        axes.annotate(
            *(_seconds(seconds), (count, seconds), (0, -18 if seconds == least[count] else 9)),
            textcoords="offset points",
            ha="center",
            fontsize=11,
            color=colour,
        )
    axes.annotate(
        *(tool, points[-1], (12, 0)),
        textcoords="offset points",
        va="center_baseline",
        fontsize=13,
        color=colour,
        weight="bold" if is_first else "normal",
    )


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"


def _short(count: float) -> str:
    """A round number of records.

    >>> _short(100_000), _short(1_000_000)
    ('100 k', '1 M')
    """
    return f"{count / 1e6:g} M" if count >= 1e6 else f"{count / 1e3:g} k"
