"""Scores, comparisons and the headline, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizardcoder.evaluate import Comparison, GroupScore, Published, Score
    from wizardcoder.pipeline import Headline

_SHOWN = 10  # problems of a list that may be long


def score_table(score: Score) -> str:
    """One score: rates with intervals, parts, outcomes, how it was measured."""
    return "\n  ".join(_score_lines(score))


def _score_lines(score: Score) -> Iterator[str]:
    how = f"sandbox {score.sandbox_level}, {score.attested:.1%} attested"
    yield f"{score.benchmark}  {score.completions}  ({how})"
    yield _rates(score)
    if score.base is not None:
        yield f"on the original tests alone: {_rates(score.base)}"
    yield from _parts(score.groups)
    yield from _parts(score.variants)
    yield from _untouched(score)
    yield ", ".join(f"{count} {name}" for name, count in score.outcomes.items())
    if score.passed_attested < score.passed:
        yield f"of those that passed, {score.passed_attested} are attested"
    if score.coverage < 1:
        yield f"coverage {score.coverage:.1%}: {score.problems} problems were decided"
    yield from (f"not run: {count} × {reason}" for reason, count in score.not_run.items())
    yield f"assembly {score.assembly}, data {score.data_sha256[:12]}"
    yield from (f"note: {note}" for note in score.notes)
    if score.self_check:
        failed = "; ".join(f"{task_id} ({why})" for task_id, why in score.self_check.items())
        yield f"WARNING: the benchmark's own solutions fail here for {failed}"
    yield from _published(score)


def _published(score: Score) -> Iterator[str]:
    """What was published for the model whose completions these are, if they are known ones."""
    from wizardcoder import evaluate
    from wizardcoder.storage import sha256

    file = Path(score.completions)
    model = evaluate.model_of(sha256(file)) if file.is_file() else None
    for entry in evaluate.published(score.benchmark, model) if model else ():
        part = f", {entry.part} tests" if entry.part else ""
        yield f"published for {model}: {entry.pass_at_1} ({entry.how}{part}; {entry.source})"


def _untouched(score: Score) -> Iterator[str]:
    """The score on what the training data leaves, where the data was named."""
    found, left = score.touched, score.untouched
    if found is None or left is None:
        return
    yield f"without the {len(found.kept)} problems that its training data touches: {_rates(left)}"
    yield f"  touched by records that were kept: {_some(found.kept)}"
    yield f"  only by records that were dropped, so trained on nowhere: {_some(found.dropped)}"
    if found.unchecked:
        yield f"  left out, as nobody looked for them: {_some(found.unchecked)}"


def _parts(groups: Mapping[str, GroupScore]) -> Iterator[str]:
    width = max(map(len, groups), default=0)
    yield from (f"  {name:<{width}}  {_rates(group)}" for name, group in groups.items())


def _rates(score: Score | GroupScore) -> str:
    rates = (
        f"pass@{k} {100 * rate:.2f} [{100 * score.interval[k].low:.1f}, "
        f"{100 * score.interval[k].high:.1f}]"
        for k, rate in score.pass_at_k.items()
    )
    return f"{', '.join(rates)}  ({score.passed} of {score.total} passed)"


def comparison(found: Comparison) -> str:
    """Two sets of verdicts side by side."""
    low, high = (100 * bound for bound in found.interval)
    chance = "" if found.p_value is None else f", McNemar's exact p = {found.p_value:.3g}"
    lines = [
        f"{found.benchmark}, pass@1 on {found.problems} problems",
        f"  A  {100 * found.rate_a:6.2f}  {found.a}",
        f"  B  {100 * found.rate_b:6.2f}  {found.b}",
        f"  B − A  {100 * found.difference:+.2f} points [{low:+.1f}, {high:+.1f}]{chance}",
        f"  won by B ({len(found.won)}): {_some(found.won)}",
        f"  lost by B ({len(found.lost)}): {_some(found.lost)}",
        *(f"  WARNING: {warning}" for warning in found.warnings),
    ]
    return "\n".join(lines)


def _some(task_ids: tuple[str, ...]) -> str:
    more = f" and {len(task_ids) - _SHOWN} more" if len(task_ids) > _SHOWN else ""
    return ", ".join(task_ids[:_SHOWN]) + more or "none"


def headline_table(found: Headline) -> str:
    """The scores of each benchmark, ours beside the published, then what differs."""
    lines = []
    for benchmark, rows in found.scores.items():
        first = next(iter(rows.values()))
        how = f"sandbox {first.sandbox_level}, {min(s.attested for s in rows.values()):.1%}"
        lines.append(f"{benchmark}, pass@1 in % ({first.problems} problems, {how} attested)")
        lines += (_headline_row(model, score, found) for model, score in rows.items())
        lines += map(_difference, found.comparisons[benchmark])
        lines.append("")
    return "\n".join(lines).rstrip()


def _headline_row(model: str, score: Score, found: Headline) -> str:
    low, high = (100 * bound for bound in score.interval[1])
    ours = f"{100 * score.pass_at_k[1]:5.1f} [{low:.1f}, {high:.1f}]"
    beside = "; ".join(map(_entry, found.published[score.benchmark][model])) or "–"
    return f"  {model:<22}{ours:<22}published {beside}"


def _entry(entry: Published) -> str:
    how = ", ".join(filter(None, (entry.how, entry.part and f"{entry.part} tests")))
    return f"{entry.pass_at_1:.1f} ({how})"


def _difference(found: Comparison) -> str:
    low, high = (100 * bound for bound in found.interval)
    return (
        f"  {found.b} − {found.a}: {100 * found.difference:+.1f} points "
        f"[{low:+.1f}, {high:+.1f}], McNemar's exact p = {found.p_value:.2g}"
    )
