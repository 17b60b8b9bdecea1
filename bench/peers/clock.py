"""When a Trainer of transformers or TRL has worked long enough, and what it did meanwhile."""

from __future__ import annotations

import time

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

WARM_UP_STEPS = 3


class Clock(TrainerCallback):
    """Stops the training so many seconds after the warm-up. Batches are counted as they are made;
    those made ahead are as many at the beginning as at the end."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.tokens = 0
        self.began: tuple[float, float, int] | None = None
        self.ended: tuple[float, float, int] | None = None

    def count(self, tokens: int) -> None:
        self.tokens += tokens

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        now = (time.monotonic(), time.process_time(), self.tokens)
        if state.global_step == WARM_UP_STEPS:
            self.began = now
        self.ended = now
        if self.began is not None and now[0] - self.began[0] >= self.seconds:
            control.should_training_stop = True

    def measured(self) -> dict[str, float]:
        assert self.began is not None and self.ended is not None
        wall, cpu, tokens = (
            after - before for before, after in zip(self.began, self.ended, strict=True)
        )
        return {"tokens": tokens, "seconds": wall, "cpu_seconds": cpu}
