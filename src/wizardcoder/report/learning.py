"""The plots of training: loss, and pass@1 where it was taken, of every arm over label tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from wizardcoder.report.plots import LOOKS, in_plot_order, short
from wizardcoder.report.quantities import percent
from wizardcoder.report.results import Arm
from wizardcoder.report.svg import MUTED, PAGE, RULE, drawing, inline, label, new_axes

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

#: At most so many points of a loss curve are drawn, each the mean of a stretch of steps.
LOSS_POINTS = 60

_DASHES = ("-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))  # one for each control
_TOP, _BOTTOM, _LINE = 8, 46, 15  # margins, and of the names beside the curves, in pixels
_WIDE = 1000  # from the least loss to the most: then only powers of ten are written
_SPOKEN = "pass@1 on the development set while training, the best of every arm"


class _Curve(NamedTuple):
    name: str
    points: list[tuple[float, float]]
    style: dict[str, Any]  # as matplotlib's plot takes it


def loss_curves(arms: Sequence[Arm], name: str) -> Markup | None:
    """Training loss over label tokens seen, a line for each arm; None when no arm has one."""
    curves = _curves(arms, lambda arm: thinned(arm.loss_curve) if arm.loss_curve else [])
    if not curves:
        return None
    losses = [loss for curve in curves for _, loss in curve.points]

    def draw(axes: Axes) -> None:
        _loss_scale(axes, losses)

    return _plot(curves, name, "Training loss of every arm by label tokens seen", 290, draw)


def score_curves(arms: Sequence[Arm], name: str) -> Markup | None:
    """pass@1 on the development set over label tokens seen, each arm's best filled.

    On the same width as the loss; None when no arm has one.
    """
    curves = _curves(arms, lambda arm: list(arm.score_curve))
    if not curves:
        return None
    seen = max(tokens for arm in arms for tokens, _ in (*arm.loss_curve, *arm.score_curve))

    def draw(axes: Axes) -> None:
        axes.set_xlim(0, seen)
        _rate_scale(axes)
        for curve in curves:
            _mark_best(axes, curve)

    return _plot(curves, name, f"{_SPOKEN}: {_spoken(curves)}", 290, draw)


def best_score(curve: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The point of the highest pass@1, the earliest of equal ones.

    >>> best_score([(10, 0.2), (20, 0.5), (30, 0.5)])
    (20, 0.5)
    """
    return max(curve, key=lambda point: (point[1], -point[0]))


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


def _curves(
    arms: Sequence[Arm], points_of: Callable[[Arm], list[tuple[float, float]]]
) -> list[_Curve]:
    """The curves with their looks: later rounds are darker, each control has its own dashes."""
    drawn = [(arm, points) for arm in in_plot_order(arms) if (points := points_of(arm))]
    curves = []
    for arm, points in drawn:
        peers = [other.name for other, _ in drawn if other.kind == arm.kind]
        place = peers.index(arm.name)
        style = {"color": LOOKS[arm.kind].colour, "linewidth": 1.6}
        if arm.kind == "round":
            style["alpha"] = 0.35 + 0.65 * (place + 1) / len(peers)
        if arm.kind == "control":
            style["linestyle"] = _DASHES[place % len(_DASHES)]
        curves.append(_Curve(arm.name, points, style))
    return curves


def _plot(
    curves: Sequence[_Curve], name: str, title: str, height: float, draw: Callable[[Axes], None]
) -> Markup:
    """The curves with their names at their ends; `draw` sets the vertical scale, and adds to it."""
    with drawing():
        figure, axes = new_axes(420, height, left=36, right=132, bottom=_BOTTOM, top=_TOP)
        for curve in curves:
            axes.plot(*zip(*curve.points, strict=True), **curve.style)
        axes.margins(x=0.01, y=0.06)
        _token_scale(axes)
        draw(axes)
        axes.grid(axis="y", color=RULE, linewidth=1)
        _name_ends(axes, curves, apart=_LINE / (height - _BOTTOM - _TOP))
        return inline(figure, name, title)


def _mark_best(axes: Axes, curve: _Curve) -> None:
    tokens, rate = zip(*curve.points, strict=True)
    best = tokens.index(best_score(curve.points)[0])
    look = {"color": curve.style["color"], "linestyle": "none", "marker": "o", "clip_on": False}
    axes.plot(tokens, rate, markersize=4, markerfacecolor=PAGE, zorder=3, **look)
    axes.plot([tokens[best]], [rate[best]], markersize=7, zorder=4, **look)


def _spoken(curves: Sequence[_Curve]) -> str:
    best = {curve.name: best_score(curve.points) for curve in curves}
    return "; ".join(
        f"{name} {percent(rate)} after {_thousands(tokens)} label tokens"
        for name, (tokens, rate) in best.items()
    )


def _token_scale(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(axis="x", pad=9)  # away from the lowest number beside the axis
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: _thousands(tokens)))
    axes.set_xlabel("label tokens seen", fontsize=11, color=MUTED, labelpad=6)


def _loss_scale(axes: Axes, losses: Sequence[float]) -> None:
    """Round numbers, on a logarithmic axis where that is possible."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if min(losses) > 0:
        wide = max(losses) > _WIDE * min(losses)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    axes.autoscale_view()


def _rate_scale(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: percent(rate)))


def _name_ends(axes: Axes, curves: Sequence[_Curve], *, apart: float) -> None:
    """Write each arm's name beside the end of its curve, with a line to it."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = sorted(
        (tuple(map(float, reversed(to_axes.transform(curve.points[-1])))), curve)
        for curve in curves
    )
    places = spread([y for (y, _), _ in ends], apart)
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
