"""The plot of scores: pass@1 of every arm on one group of problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.report.quantities import percent, scored
from wizardcoder.report.results import Arm, Group, GroupScore, Results
from wizardcoder.report.svg import (
    CONTROL,
    EVOLVED,
    MUTED,
    NEUTRAL,
    PAGE,
    RULE,
    drawing,
    inline,
    label,
    new_axes,
)

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of a panel, in pixels: the names stand left of the axes, the numbers right of them.
_WIDTH, _ROW = 360, 27
_NAMES, _GAP, _VALUES, _TOP, _BOTTOM = 106, 9, 50, 2, 24

_NAME_CHARACTERS = 16
_EVOLVING = ("seed", "round")


class Look(NamedTuple):
    """How the arms of one kind look in every plot."""

    colour: str
    marker: str
    face: str


LOOKS = {
    "base": Look(NEUTRAL, "o", PAGE),
    "seed": Look(NEUTRAL, "o", NEUTRAL),
    "round": Look(EVOLVED, "o", EVOLVED),
    "control": Look(CONTROL, "D", CONTROL),
}


class _Row(NamedTuple):
    arm: Arm
    y: float  # from the top, in rows
    score: GroupScore | None


def in_plot_order(arms: Sequence[Arm]) -> list[Arm]:
    """The arms as given, but the controls last."""
    return sorted(arms, key=lambda arm: arm.kind == "control")


def short(name: str) -> str:
    """An arm's name, cut to what fits beside a plot."""
    return name if len(name) <= _NAME_CHARACTERS else f"{name[: _NAME_CHARACTERS - 1]}…"


def score_panel(results: Results, group: Group, name: str) -> Markup:
    """pass@1 of every arm on one group: a row for each arm, from 0 to 100 %.

    Raises MissingExtraError when matplotlib is not installed.
    """
    rows = [
        _Row(arm, y, results.score(arm.name, group.benchmark, group.name))
        for arm, y in _places(results.arms)
    ]
    with drawing():
        figure, axes = _frame(rows_deep=rows[-1].y + 1)
        for row in rows:
            _draw_row(axes, row)
        _join(axes, rows)
        return inline(figure, name, _spoken(rows, group))


def _places(arms: Sequence[Arm]) -> list[tuple[Arm, float]]:
    """Each arm with its place from the top, in rows; a gap parts the controls from the rest."""
    ordered = in_plot_order(arms)
    gap = 0.5 if ordered[0].kind != "control" else 0.0
    return [(arm, n + gap * (arm.kind == "control")) for n, arm in enumerate(ordered)]


def _frame(rows_deep: float) -> tuple[Figure, Axes]:
    height = _ROW * rows_deep + _TOP + _BOTTOM
    left, right = _NAMES + _GAP, _VALUES
    figure, axes = new_axes(_WIDTH, height, left=left, right=right, bottom=_BOTTOM, top=_TOP)
    axes.set(xlim=(0, 1), ylim=(rows_deep - 0.5, -0.5), yticks=[])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100\u202f%"])
    axes.grid(axis="x", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    axes.axvline(0, color=MUTED, linewidth=1, zorder=1)
    return figure, axes


def _draw_row(axes: Axes, row: _Row) -> None:
    arm, y, score = row
    inside = _WIDTH - _NAMES - _GAP - _VALUES
    edges = {"ha": "right", "transform": axes.get_yaxis_transform()}  # x in widths of the axes
    label(axes, -_GAP / inside, y, short(arm.name), **edges)
    value = percent(score.rate) if score else "–"
    label(axes, 1 + _VALUES / inside, y, value, **edges)
    if score:
        look = LOOKS[arm.kind]
        ends = [score.low, score.high]
        axes.plot(ends, [y, y], color=look.colour, linewidth=2, solid_capstyle="round")
        _mark(axes, score.rate, y, look)


def _mark(axes: Axes, x: float, y: float, look: Look) -> None:
    axes.plot(
        [x],
        [y],
        look.marker,
        markersize=7 if look.marker == "D" else 8,
        markerfacecolor=look.face,
        markeredgecolor=look.colour,
        markeredgewidth=1.6,
        clip_on=False,
        zorder=4,
    )


def _join(axes: Axes, rows: Sequence[_Row]) -> None:
    """The way that pass@1 takes from the seeds through the rounds."""
    path = [(row.score.rate, row.y) for row in rows if row.score and row.arm.kind in _EVOLVING]
    xs, ys = [x for x, _ in path], [y for _, y in path]
    axes.plot(xs, ys, color=EVOLVED, alpha=0.55, linewidth=1, zorder=3)


def _spoken(rows: Sequence[_Row], group: Group) -> str:
    listed = "; ".join(f"{row.arm.name} {scored(row.score)}" for row in rows if row.score)
    return f"pass@1 on {group.label}: {listed}"
