"""What the run shows, in words made from its numbers, whichever way they fall."""

from __future__ import annotations

from wizardcoder.report.cleaning import Cleaning
from wizardcoder.report.quantities import count, interval, percent, points, scored
from wizardcoder.report.results import Comparison, GroupScore, Results


def headline(results: Results) -> str:
    """The result of the run in one line."""
    if results.comparisons:
        return _outcome(results, results.comparisons[0])
    if any(arm.scores for arm in results.arms):
        return _range_of_scores(results)
    if evolution := results.evolution:
        accepted, attempts = count(evolution.accepted), count(evolution.attempts)
        return f"{accepted} of {attempts} attempts to evolve an instruction were accepted"
    if cleaning := results.cleaning:
        return _cleaned(cleaning)
    return "This run scored no model"


def explanation(results: Results) -> str:
    """The headline's numbers with their intervals; empty when nothing was scored."""
    if not results.comparisons:
        return _only_score(results)
    c = results.comparisons[0]
    group = results.group(c.benchmark, c.group)
    a, b = _scores(results, c)
    where = f"On {group.label}, {group.note}," if group.note else f"On {group.label},"
    low, high = points(c.interval_low), points(c.interval_high)
    return (
        f"{where} {c.arm_a} solves {scored(a)} and {c.arm_b} {scored(b)}: a difference of "
        f"{points(c.difference)} points [{low}, {high}]. Brackets hold 95\u202f% intervals."
    )


def other_outcomes(results: Results) -> str:
    """What else the arm that the run is about beats, and what beats it; empty without a claim."""
    if len(results.comparisons) < 2:
        return ""
    claim, *others = results.comparisons
    arm = claim.arm_a
    decided = [c for c in others if arm in (c.arm_a, c.arm_b) and loser(c)]
    wins = [_against(results, c, arm) for c in decided if loser(c) != arm]
    defeats = [_against(results, c, arm) for c in decided if loser(c) == arm]
    parts = []
    if wins:
        parts.append(f"beats {_listed(wins)}")
    if defeats:
        parts.append(f"is beaten by {_listed(defeats)}")
    elif loser(claim) != arm:
        parts.append("is beaten by nothing")
    shown = ", and ".join(parts) or "neither beats anything nor is beaten"
    return f"In the other comparisons, {arm} {shown}."


def loser(comparison: Comparison) -> str | None:
    """The arm that the comparison shows to be worse; None when its interval holds zero."""
    if comparison.interval_low > 0:
        return comparison.arm_b
    if comparison.interval_high < 0:
        return comparison.arm_a
    return None


def _cleaned(cleaning: Cleaning) -> str:
    kept, records = count(cleaning.kept), count(cleaning.kept + cleaning.rejected)
    said = f"{kept} of {records} records are left after cleaning"
    found = cleaning.contamination
    if found is None or not found.benchmarks:
        return said
    some = f"{count(found.records)} held something" if found.records else "none held anything"
    return f"{said}; {some} of a benchmark"


def _outcome(results: Results, c: Comparison) -> str:
    where = results.group(c.benchmark, c.group).label
    a, b = (percent(score.rate) for score in _scores(results, c))
    if loser(c) is None:
        return f"{c.arm_a} and {c.arm_b} cannot be told apart on {where}: {a} and {b}"
    verb = "beats" if loser(c) == c.arm_b else "loses to"
    return f"{c.arm_a} {verb} {c.arm_b} on {where}: {a} against {b}"


def _against(results: Results, c: Comparison, arm: str) -> str:
    """Whom `arm` is compared with, where, and both rates, its own first."""
    a, b = (percent(score.rate) for score in _scores(results, c))
    other, ours, theirs = (c.arm_b, a, b) if c.arm_a == arm else (c.arm_a, b, a)
    where = results.group(c.benchmark, c.group).label
    return f"{other} on {where} ({ours} against {theirs})"


def _range_of_scores(results: Results) -> str:
    group = results.scored_groups()[-1]
    rates = [
        (score.rate, arm.name)
        for arm in results.arms
        if (score := results.score(arm.name, group.benchmark, group.name))
    ]
    (low, worst), (high, best) = min(rates), max(rates)
    if len(rates) == 1:
        return f"{best} solves {percent(high)} of {group.label}"
    return f"pass@1 on {group.label} goes from {percent(low)} ({worst}) to {percent(high)} ({best})"


def _only_score(results: Results) -> str:
    scores = [(arm.name, score) for arm in results.arms for score in arm.scores]
    if len(scores) != 1:
        return ""
    name, score = scores[0]
    label = results.group(score.benchmark, score.group).label
    tried = count(score.total * score.n_samples)
    rate, bounds = percent(score.rate, 1), interval(score.low, score.high, 1)
    return (
        f"On {label}, {name} passes {count(score.passed)} of {tried}: {rate} {bounds}. "
        "Brackets hold 95\u202f% intervals."
    )


def _scores(results: Results, c: Comparison) -> tuple[GroupScore, GroupScore]:
    a = results.score(c.arm_a, c.benchmark, c.group)
    b = results.score(c.arm_b, c.benchmark, c.group)
    assert a and b, "Results refuses comparisons without scores"
    return a, b


def _listed(texts: list[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last
