"""The plot of training: the loss of every arm over the label tokens that it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from wizardcoder.report.plots import LOOKS, in_plot_order, short
from wizardcoder.report.results import Arm
from wizardcoder.report.svg import MUTED, RULE, drawing, inline, label, new_axes

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

#: At most so many points of a loss curve are drawn, each the mean of a stretch of steps.
LOSS_POINTS = 60

_DASHES = ("-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))  # one for each control
_LINE_APART = 15 / 242  # of the names beside the curves, in heights of the axes


class _Curve(NamedTuple):
    name: str
    points: list[tuple[float, float]]
    style: dict[str, Any]  # as matplotlib's plot takes it


def loss_curves(arms: Sequence[Arm], name: str) -> Markup | None:
    """Training loss over label tokens seen, a line for each arm; None when no arm has one."""
    curves = _curves(arms)
    if not curves:
        return None
    with drawing():
        figure, axes = new_axes(420, 290, left=36, right=132, bottom=40, top=8)
        for curve in curves:
            axes.plot(*zip(*curve.points, strict=True), **curve.style)
        _scale(axes, positive=all(loss > 0 for curve in curves for _, loss in curve.points))
        axes.grid(axis="y", color=RULE, linewidth=1)
        axes.set_xlabel("label tokens seen", fontsize=11, color=MUTED, labelpad=6)
        _name_ends(axes, curves)
        return inline(figure, name, "Training loss of every arm by label tokens seen")


def thinned(curve: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """A curve as the means of at most LOSS_POINTS stretches of about equally many points."""
    parts = min(LOSS_POINTS, len(curve))
    bounds = [len(curve) * n // parts for n in range(parts + 1)]
    return [
        (_mean([x for x, _ in curve[i:j]]), _mean([y for _, y in curve[i:j]]))
        for i, j in pairwise(bounds)
    ]


def spread(places: Sequence[float], apart: float) -> list[float]:
    """Ascending places, moved as little as makes all neighbours at least `apart`.

    >>> spread([0.5, 0.5, 0.9], 0.2)
    [0.4, 0.6, 0.9]
    """
    blocks: list[list[float]] = []  # of places that touch: each block is centred on its mean
    for place in places:
        blocks.append([place])
        while len(blocks) > 1 and _top(blocks[-2], apart) + apart > _bottom(blocks[-1], apart):
            last = blocks.pop()
            blocks[-1] += last
    return [
        round(_bottom(block, apart) + apart * n, 6) for block in blocks for n in range(len(block))
    ]


def _curves(arms: Sequence[Arm]) -> list[_Curve]:
    """The curves with their looks: later rounds are darker, each control has its own dashes."""
    trained = [arm for arm in in_plot_order(arms) if arm.loss_curve]
    curves = []
    for arm in trained:
        peers = [other.name for other in trained if other.kind == arm.kind]
        place = peers.index(arm.name)
        style = {"color": LOOKS[arm.kind].colour, "linewidth": 1.6}
        if arm.kind == "round":
            style["alpha"] = 0.35 + 0.65 * (place + 1) / len(peers)
        if arm.kind == "control":
            style["linestyle"] = _DASHES[place % len(_DASHES)]
        curves.append(_Curve(arm.name, thinned(arm.loss_curve), style))
    return curves


def _scale(axes: Axes, *, positive: bool) -> None:
    """Round numbers along both axes, and the loss on a logarithmic one where that is possible."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if positive:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: _thousands(tokens)))
    axes.margins(x=0.01, y=0.06)
    axes.autoscale_view()


def _name_ends(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Write each arm's name beside the end of its curve, with a line to it."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = sorted(
        (tuple(map(float, reversed(to_axes.transform(curve.points[-1])))), curve)
        for curve in curves
    )
    places = spread([y for (y, _), _ in ends], _LINE_APART)
    how = {"transform": axes.transAxes, "clip_on": False}
    for ((y, x), curve), place in zip(ends, places, strict=True):
        axes.plot([x, 1.05], [y, place], **{**curve.style, "linewidth": 0.8, **how})
        label(axes, 1.065, place, short(curve.name), color=curve.style["color"], **how)


def _bottom(block: Sequence[float], apart: float) -> float:
    return _mean(block) - apart * (len(block) - 1) / 2


def _top(block: Sequence[float], apart: float) -> float:
    return _mean(block) + apart * (len(block) - 1) / 2


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _thousands(tokens: float) -> str:
    """A number of tokens on an axis: 250k, 1.5M."""
    if tokens >= 1e6:
        return f"{tokens / 1e6:g}M"
    return f"{tokens / 1e3:g}k" if tokens >= 1e3 else f"{tokens:g}"
