"""The page: results in, one self-contained HTML text out; and both written into a folder."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.report import quantities
from wizardcoder.report.changes import Piece, changes
from wizardcoder.report.headline import explanation, headline, loser, other_outcomes
from wizardcoder.report.learning import best_score, loss_curves, score_curves
from wizardcoder.report.matches import Match, match
from wizardcoder.report.plots import in_plot_order, score_panel
from wizardcoder.report.results import Comparison, Group, Lineage, LineageStep, Results
from wizardcoder.storage import disk_errors, write_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

#: So many hits of contamination the page holds, the first ones open; the rest it counts.
MATCHES_SHOWN, _MATCHES_OPEN = 100, 8

_HYPHENATED = re.compile(r"\w+(?:-[\w.]*\w)+")
_UNBROKEN_CHARACTERS = 20


class Panel(NamedTuple):
    """The plot of one group."""

    group: Group
    svg: Markup


class Difference(NamedTuple):
    """A comparison and where its interval lies on an axis that runs from 0 to 100 (%)."""

    comparison: Comparison
    group: Group
    loser: str | None
    left: float
    middle: float
    right: float


class Card(NamedTuple):
    """A step of a lineage, marked where it differs from the last accepted step before it."""

    step: LineageStep
    instruction: list[Piece]
    response: list[Piece]


def write_report(results: Results, folder: Path) -> Path:
    """Write `index.html` and `results.json` into `folder`; returns the path of the page.

    The same results give the same bytes. Raises MissingExtraError when matplotlib is not installed,
    StorageError when the disk refuses.
    """
    page = render(results)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "results.json", results.model_dump_json(indent=2) + "\n")
    write_text(folder / "index.html", page)
    return folder / "index.html"


def render(results: Results) -> str:
    """The whole page; it needs no other file and no network."""
    groups = results.scored_groups()
    panels = [
        Panel(group, score_panel(results, group, f"scores-{n}")) for n, group in enumerate(groups)
    ]
    template = _environment().get_template("report.html")
    return template.render(
        results=results,
        headline=headline(results),
        explanation=explanation(results),
        other_outcomes=other_outcomes(results),
        arms=in_plot_order(results.arms),
        groups=groups,
        panels=panels,
        differences=differences(results),
        reach=_reach(results),
        loss=loss_curves(results.arms, "loss"),
        learning=score_curves(results.arms, "learning"),
        lineages=[cards(lineage) for lineage in results.lineages],
        matches=_matches(results),
        matches_open=_MATCHES_OPEN,
    )


def _matches(results: Results) -> list[Match]:
    found = results.cleaning and results.cleaning.contamination
    return [match(hit) for hit in found.evidence[:MATCHES_SHOWN]] if found else []


def differences(results: Results) -> list[Difference]:
    """The comparisons on one common axis with zero in its middle."""
    reach = _reach(results)

    def place(difference: float) -> float:
        return round(50 + 50 * difference / reach, 2)

    return [
        Difference(
            c,
            results.group(c.benchmark, c.group),
            loser(c),
            place(c.interval_low),
            place(c.difference),
            place(c.interval_high),
        )
        for c in results.comparisons
    ]


def cards(lineage: Lineage) -> list[Card]:
    """The steps of a lineage, each marked against what it was made from."""
    parent: LineageStep | None = None
    made = []
    for step in lineage.steps:
        before = (parent.instruction, parent.response) if parent else (None, None)
        made.append(
            Card(step, changes(before[0], step.instruction), changes(before[1], step.response))
        )
        parent = parent if step.rule else step
    return made


def _reach(results: Results) -> float:
    """How far the axis of differences goes to either side: the least whole tenth that will do."""
    ends = [abs(x) for c in results.comparisons for x in (c.interval_low, c.interval_high)]
    return max(1, math.ceil(round(10 * max(ends, default=0), 6))) / 10


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("wizardcoder.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "percent": quantities.percent,
            "points": quantities.points,
            "number": quantities.count,
            "duration": quantities.duration,
            "loss": quantities.loss,
            "dollars": quantities.dollars,
            "unbroken": _unbroken,
            "best_score": best_score,
            "by_depth": _by_depth,
            "by_count": _by_count,
        }
    )
    environment.globals["interval"] = quantities.interval
    return environment


def _unbroken(text: str) -> Markup:
    """A sentence in which no line ends inside a short hyphenated word, such as an arm's name."""
    from markupsafe import Markup, escape

    def whole(word: re.Match[str]) -> str:
        long = len(word[0]) > _UNBROKEN_CHARACTERS
        return word[0] if long else f'<span class="whole">{word[0]}</span>'

    return Markup(_HYPHENATED.sub(whole, str(escape(text))))


def _by_depth(histogram: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(histogram.items(), key=lambda item: (len(item[0]), item[0]))


def _by_count(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
