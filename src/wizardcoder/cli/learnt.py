"""What models have learnt, as a table: the last thing that `wizardcoder train` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizardcoder.pipeline import Learnt

_TITLES = ("examples", "rejected", "truncated", "steps", "label tokens", "loss", "tokens/s")


def learnt_lines(models: Mapping[str, Learnt], length_tokens: int) -> Iterator[str]:
    """A row for each arm, then what its counts mean where they are not zero."""
    width = max(map(len, models), default=0) + 2
    yield _row("", _TITLES, width)
    yield from (_row(arm, _cells(learnt), width) for arm, learnt in models.items())
    for arm, learnt in models.items():
        yield from (f"{arm}: {remark}" for remark in _remarks(learnt, length_tokens))


def _cells(learnt: Learnt) -> tuple[str, ...]:
    result, rate = learnt.result, learnt.tokens_per_second
    counts = (result.examples, result.rejected, result.truncated, result.steps)
    loss = " → ".join(f"{value:.3g}" for value in (learnt.log[0].loss, result.loss))
    speed = "" if rate is None else f"{rate:,.0f}"
    return *(f"{count:,}" for count in counts), f"{result.label_tokens:,}", loss, speed


def _remarks(learnt: Learnt, length_tokens: int) -> Iterator[str]:
    result = learnt.result
    if result.pass_at_1 is not None:
        yield f"the best checkpoint is that of step {result.best_step}: pass@1 " + _percent(
            result.pass_at_1
        )
    if learnt.mfu is not None:
        yield f"MFU {_percent(learnt.mfu)} over real tokens"
    if result.rejected:
        yield (
            f"{result.rejected:,} examples were not learnt: their prompt alone fills "
            f"train.length_tokens = {length_tokens}"
        )
    if result.truncated:
        yield (
            f"{result.truncated:,} examples lost their end, which begins after "
            f"train.length_tokens = {length_tokens}"
        )
    if result.halvings:
        yield f"memory made it halve its batches, {result.halvings} times"


def _percent(rate: float) -> str:
    return f"{rate:.1%}".replace("%", " %")


def _row(name: str, cells: tuple[str, ...], width: int) -> str:
    return f"{name:<{width}}" + "".join(f"{cell:>15}" for cell in cells)
