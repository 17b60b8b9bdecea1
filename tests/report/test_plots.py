"""Plots that live in a page: its colours, its font, no clash, no formula, nothing left outside."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from wizardcoder.errors import MissingExtraError
from wizardcoder.report import Arm, GroupScore, Results
from wizardcoder.report.learning import LOSS_POINTS, loss_curves, thinned
from wizardcoder.report.plots import score_panel


@contextmanager
def settings(**values: object) -> Iterator[None]:
    """Matplotlib as a user has set it."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcParams.update({key.replace("_", "."): v for key, v in values.items()})
        yield


def panel(results: Results, **changed: object) -> str:
    changed_results = Results(**{**dict(results), "comparisons": (), **changed})
    return str(score_panel(changed_results, changed_results.scored_groups()[-1], "scores-0"))


def test_arm_names_and_rates_are_text_in_the_panel(results: Results) -> None:
    svg = panel(results)
    assert ">more-of-the-same</text>" in svg
    assert ">19\u202f%</text>" in svg


def test_every_colour_is_a_variable_of_the_style_sheet(results: Results) -> None:
    for svg in (panel(results), str(loss_curves(results.arms, "loss"))):
        assert set(re.findall(r"(?:fill|stroke): ([^;\"]+)", svg)) <= {
            "none",
            *(f"var(--{name})" for name in "ink muted rule page neutral evolved control".split()),
        }


def test_ids_of_two_plots_do_not_clash_and_every_reference_is_met(results: Results) -> None:
    svg = panel(results) + str(loss_curves(results.arms, "loss"))
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= set(ids)


@pytest.mark.parametrize("name", ["$x_1$", "<b>&", "漢字", "two\nlines", "a" * 200])
def test_an_odd_name_is_shown_as_it_is(results: Results, name: str) -> None:
    score = GroupScore(benchmark="b", passed=1, total=2, rate=0.5, low=0.1, high=0.9)
    arm = Arm(name=name, kind="control", scores=(score,), loss_curve=((1, 2.0), (2, 1.0)))
    shown = " ".join(name.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = shown if len(shown) < 20 else "a" * 15 + "…"
    for svg in (panel(results, arms=(arm,), groups=()), str(loss_curves([arm], "loss"))):
        assert f">{shown}</text>" in svg


def test_an_arm_without_a_score_keeps_its_row(results: Results) -> None:
    arms = (*results.arms, Arm(name="not-yet", kind="control"))
    svg = panel(results, arms=arms)
    assert ">not-yet</text>" in svg
    assert ">–</text>" in svg


def test_the_users_settings_of_matplotlib_change_nothing(results: Results) -> None:
    plain = panel(results)
    with settings(font_size=30.0, axes_grid=True, svg_fonttype="path"):
        assert panel(results) == plain


def test_plotting_leaves_the_users_settings_alone(results: Results) -> None:
    import matplotlib

    with settings(font_size=30.0):
        panel(results)
        assert matplotlib.rcParams["font.size"] == 30.0


def test_without_matplotlib_the_error_names_the_extra(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"wizardcoder\[report\]"):
        panel(results)


def test_there_is_no_loss_plot_when_no_arm_was_trained(results: Results) -> None:
    assert loss_curves([results.arms[0]], "loss") is None


def test_a_loss_of_zero_can_be_drawn() -> None:
    arm = Arm(name="seed", kind="seed", loss_curve=((100, 0.5), (200, 0.0)))
    assert ">seed</text>" in str(loss_curves([arm], "loss"))


def test_a_long_loss_curve_is_drawn_as_means() -> None:
    curve = [(n, float(n % 2)) for n in range(2 * LOSS_POINTS)]
    assert thinned(curve) == [(2 * n + 0.5, 0.5) for n in range(LOSS_POINTS)]


def test_a_short_loss_curve_is_drawn_as_it_is() -> None:
    assert thinned([(1, 3.0), (5, 2.0)]) == [(1, 3.0), (5, 2.0)]
