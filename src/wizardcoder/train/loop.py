"""The training loop: from a model and its examples to tuned weights, a log and a state to resume.

What it does not know: what the examples say, where a base model comes from, what an arm is.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.errors import TrainingError
from wizardcoder.progress import Progress, silent
from wizardcoder.storage import Shard, write_text
from wizardcoder.train.batches import Batch, make_batch
from wizardcoder.train.checkpoint import load_state, save_state
from wizardcoder.train.learner import Learner, lr_factor
from wizardcoder.train.plan import Plan, Step

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: One JSON object per step; stays in the finished checkpoint folder.
LOG = "train.jsonl"


class LogLine(NamedTuple):
    """What is written down after a step. `tokens_per_second` counts the real tokens of this step,
    `seconds` the time in training, earlier executions included, `loss` is per label."""

    step: int
    tokens: int
    label_tokens: int
    loss: float
    lr: float
    tokens_per_second: float
    seconds: float


def train(
    model: PreTrainedModel,
    plan: Plan,
    folder: Path,
    *,
    padding: int,
    progress: Progress = silent,
) -> LogLine:
    """Train `model` in place through all steps of `plan`; returns the last line of the log.

    `folder` receives the log and, every `checkpoint_seconds`, the state; when a state is there,
    training goes on from it as if it had never stopped (bit for bit on one thread). Raises
    TrainingError when the loss is not finite; the last state then stays.
    """
    import torch

    options = plan.options
    learner = Learner(model, options, plan.steps)
    last = _resume(learner, folder)
    log = Shard(folder / LOG)
    saved_at = time.monotonic()
    try:
        with torch.random.fork_rng():
            model.train()
            for step in plan.from_step(last.step):
                last = _one_step(learner, plan, step, last, padding)
                log.append(last._asdict())
                progress(last.step, plan.steps, f"loss {last.loss:.3f}")
                if time.monotonic() - saved_at >= options.checkpoint_seconds:
                    save_state(folder, {"last": list(last), **learner.state()})
                    saved_at = time.monotonic()
    finally:
        log.close()
    save_state(folder, {"last": list(last), **learner.state()})
    learner.settle()
    return last


def _one_step(learner: Learner, plan: Plan, step: Step, last: LogLine, padding: int) -> LogLine:
    import torch

    started = time.monotonic()
    options = plan.options
    torch.manual_seed(_dropout_seed(options.seed, last.step))
    batches = _batches(plan, step, padding)
    loss = learner.learn(batches, step.label_tokens, last.step)
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss of step {last.step + 1} is {loss} (train.lr = {options.lr}, "
            f"train.precision = '{options.precision}'); the last good state is kept: "
            "train with a lower rate, more warm-up steps or precision = 'bf16'"
        )
    seconds = time.monotonic() - started
    return LogLine(
        step=last.step + 1,
        tokens=last.tokens + step.tokens,
        label_tokens=last.label_tokens + step.label_tokens,
        loss=loss,
        lr=options.lr * lr_factor(last.step, plan.steps, options),
        tokens_per_second=round(step.tokens / seconds, 1),
        seconds=round(last.seconds + seconds, 3),
    )


def _batches(plan: Plan, step: Step, padding: int) -> Iterator[Batch]:
    size = plan.options.rows_per_batch
    for start in range(0, len(step.rows), size):
        rows: Sequence[tuple[int, ...]] = step.rows[start : start + size]
        yield make_batch(rows, plan.examples, plan.options.length_tokens, padding)


def _resume(learner: Learner, folder: Path) -> LogLine:
    """Load the state that is there and forget the log's lines after it."""
    state = load_state(folder)
    if state is None:
        (folder / LOG).unlink(missing_ok=True)
        return LogLine(0, 0, 0, math.nan, 0.0, 0.0, 0.0)
    learner.load(state)
    last = LogLine(*state["last"])
    lines = (folder / LOG).read_text(encoding="utf-8").splitlines(keepends=True)
    write_text(folder / LOG, "".join(lines[: last.step]))
    return last


def _dropout_seed(seed: int, step: int) -> int:
    digest = hashlib.blake2b(f"{seed}/{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
