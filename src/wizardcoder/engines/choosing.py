"""The next token of each row: the likeliest, or drawn with the row's own random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from wizardcoder.engines.engine import Sampling

if TYPE_CHECKING:
    import torch

#: The likeliest tokens usually hold `top_p`: sorting so many is cheaper than a whole vocabulary.
_LIKELIEST = 128


class Drawing(Protocol):
    """A row that tokens are chosen for."""

    @property
    def sampling(self) -> Sampling: ...

    def random(self) -> float:
        """The row's next random number in [0, 1)."""


def choose(scores: torch.Tensor, rows: Sequence[Drawing]) -> list[int]:
    """A token for each row; `scores` are its logits `(rows, vocabulary)`."""
    tokens: list[int] = scores.argmax(-1).tolist()
    drawn = [number for number, row in enumerate(rows) if row.sampling.temperature > 0]
    kinds = {(rows[n].sampling.temperature, rows[n].sampling.top_p) for n in drawn}
    for temperature, top_p in kinds:
        numbers = [
            n
            for n in drawn
            if (rows[n].sampling.temperature, rows[n].sampling.top_p) == (temperature, top_p)
        ]
        shares = (scores[numbers].float() / temperature).softmax(-1)
        found = draw(shares, top_p, [rows[n].random() for n in numbers])
        for number, token in zip(numbers, found, strict=True):
            tokens[number] = token
    return tokens


def draw(shares: torch.Tensor, top_p: float, uniform: Sequence[float]) -> list[int]:
    """Tokens drawn by their probabilities `(rows, vocabulary)`, one uniform number a row.

    Of a row only the likeliest tokens count that together hold `top_p`.
    """
    import torch

    picks = torch.tensor(uniform, dtype=torch.float64, device=shares.device)
    if top_p >= 1:
        return _inverse(shares.double().cumsum(-1), picks, 1.0).tolist()
    size = min(_LIKELIEST, shares.shape[1])
    found = torch.empty(len(uniform), dtype=torch.long, device=shares.device)
    best, order = shares.topk(size, sorted=True)
    holds = best.double().sum(-1) >= top_p
    for mine, width in ((holds, size), (~holds, shares.shape[1])):
        if mine.any():
            values, tokens = (best[mine], order[mine])
            if width > size:
                values, tokens = shares[mine].sort(descending=True, stable=True)
            places = _inverse(values.double().cumsum(-1), picks[mine], top_p)
            found[mine] = tokens.gather(1, places[:, None])[:, 0]
    return found.tolist()


def _inverse(cumulated: torch.Tensor, picks: torch.Tensor, top_p: float) -> torch.Tensor:
    """The place in each row that a uniform number picks, among those that hold `top_p`."""
    last = (cumulated < top_p).sum(-1).clamp_max(cumulated.shape[1] - 1)
    mass = cumulated.gather(1, last[:, None])[:, 0]
    places = (cumulated <= (picks * mass)[:, None]).sum(-1)
    return places.minimum(last)
