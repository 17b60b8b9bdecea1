"""How a model was trained, for the report: what it saw, and how fast."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wizardcoder.report.parts import Count, Part, Seconds


class Training(Part):
    """What the training of an arm came to.

    `rejected` examples left no label, `truncated` ones lost their end. `tokens` are real ones,
    epochs included, `seconds` those of steps alone: without scoring and saving. `mfu` is the share
    of the devices' peak, None where that is not known; `halvings`: how often memory made it halve
    its batches.
    """

    examples: Count
    rejected: Count = 0
    truncated: Count = 0
    steps: Count
    tokens: Count
    seconds: Seconds
    mfu: Annotated[float, Field(ge=0)] | None = None
    halvings: Count = 0
    processes: Annotated[int, Field(gt=0)] = 1

    @property
    def tokens_per_second(self) -> float | None:
        """Real tokens of all processes together."""
        return self.tokens / self.seconds if self.seconds else None
