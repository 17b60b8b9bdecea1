"""A model on its way through the steps of a plan: one step, and the state to go on from.

What it does not know: what the examples say, where a base model comes from, what an arm is.
"""

from __future__ import annotations

import hashlib
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.errors import MemoryExhaustedError, TrainingError
from wizardcoder.train import memory
from wizardcoder.train.attention import FLAT
from wizardcoder.train.batches import step_batches
from wizardcoder.train.learner import Learner, lr_factor
from wizardcoder.train.plan import Plan, Step
from wizardcoder.train.processes import Processes
from wizardcoder.train.speed import flops_per_token, peak_flops
from wizardcoder.train.states import load_state, save_state

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class LogLine(NamedTuple):
    """What is written down after a step.

    `loss` is per label; `grad_norm` is before clipping (None: infinite, an fp16 step that was
    skipped). `tokens_per_second` counts the real tokens of this step on all processes, `mfu` their
    share of the devices' peak, where it is known; `seconds` the time in training, earlier
    executions included. `rows_per_batch` is what memory holds. `pass_at_1` is of the weights after
    this step, where they were scored.
    """

    step: int
    tokens: int
    label_tokens: int
    loss: float
    lr: float
    grad_norm: float | None
    tokens_per_second: float
    mfu: float | None
    rows_per_batch: int
    seconds: float
    pass_at_1: float | None = None


class Training:
    """A model somewhere in its plan, with its learner; goes on from the newest state there is."""

    def __init__(
        self, model: PreTrainedModel, plan: Plan, folder: Path, padding: int, processes: Processes
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.processes = processes
        self.rows_per_batch = plan.options.rows_per_batch
        self.halvings = 0
        self._padding = padding
        self._peak = peak_flops(model.device, plan.options.peak_tflops)
        self._flops_per_token = flops_per_token(model, float(plan.data.lengths.mean()))
        self._flat = model.config._attn_implementation in FLAT
        self.learner = Learner(model, plan.options, plan.steps, processes)
        self.last = self._resume()
        self._saved_at, self._saved_step = time.monotonic(), self.last.step

    def take(self, step: Step) -> LogLine:
        """Do one step. Raises TrainingError when its loss or its gradients are not finite; no
        weight changes then.
        """
        started = time.monotonic()
        options, done = self.plan.options, self.last.step
        loss = self._gradients(step)
        self._check_finite("loss", loss)
        with memory.explained(
            f"updating the weights in step {done + 1}", error=MemoryExhaustedError
        ):
            norm = self.learner.update(done)
        if options.precision != "fp16":  # whose scale may be too large for a step or two
            self._check_finite("norm of the gradients", norm)
        seconds = time.monotonic() - started
        rate = step.tokens / seconds
        peak = self._peak and self._peak * self.processes.count
        self.last = LogLine(
            step=done + 1,
            tokens=self.last.tokens + step.tokens,
            label_tokens=self.last.label_tokens + step.label_tokens,
            loss=loss,
            lr=options.lr * lr_factor(done, self.plan.steps, options),
            grad_norm=norm if math.isfinite(norm) else None,
            tokens_per_second=round(rate, 1),
            mfu=round(rate * self._flops_per_token / peak, 4) if peak else None,
            rows_per_batch=self.rows_per_batch,
            seconds=round(self.last.seconds + seconds, 3),
        )
        return self.last

    def save_if_due(self, *, now: bool = False) -> None:
        """Save the state when `checkpoint_seconds` have passed on the first process, or now."""
        if self._saved_step == self.last.step:
            return
        due = time.monotonic() - self._saved_at >= self.plan.options.checkpoint_seconds
        if not now and not self.processes.once(lambda: due):
            return
        save_state(
            self.folder,
            self.last.step,
            self.learner.state(),
            list(self.last),
            processes=self.processes,
            keep=self.plan.options.keep_states,
        )
        self._saved_at, self._saved_step = time.monotonic(), self.last.step

    def _check_finite(self, name: str, value: float) -> None:
        if math.isfinite(value):
            return
        self.learner.forget()
        options = self.plan.options
        raise TrainingError(
            f"the {name} of step {self.last.step + 1} is {value} (train.lr = {options.lr}, "
            f"train.precision = '{options.precision}'); the last good state is kept: "
            "train with a lower rate, more warm-up steps or precision = 'bf16' (another training: "
            "--force begins it in the same folder)"
        )

    def _gradients(self, step: Step) -> float:
        """The loss of a step, whose gradients are then there: in smaller passes, where they do not
        fit into memory. The optimizer's batch stays what it is.
        """
        while True:
            try:
                return self._try_gradients(step)
            except (RuntimeError, MemoryError) as error:
                if not memory.is_exhausted(error):
                    raise
                problem = memory.first_line(error)
            self.learner.forget()
            self.rows_per_batch = memory.halved(self.rows_per_batch, self.processes, problem)
            self.halvings += 1

    def _try_gradients(self, step: Step) -> float:
        import torch

        seed = _dropout_seed(self.plan.options.seed, self.last.step, self.processes.rank)
        torch.manual_seed(seed)
        batches = step_batches(
            step,
            self.plan.data,
            self._padding,
            rows_per_batch=self.rows_per_batch,
            flat=self._flat,
            process=self.processes.rank,
            processes=self.processes.count,
        )
        return self.learner.accumulate(batches, step.label_tokens)

    def _resume(self) -> LogLine:
        """Take the newest state, if there is one."""
        state = self.learner.state()
        found = load_state(self.folder, state, self.processes)
        if found is None:
            return LogLine(0, 0, 0, math.nan, 0.0, None, 0.0, None, self.rows_per_batch, 0.0)
        self.learner.load(state)
        last = LogLine(*found)
        self.rows_per_batch = min(self.rows_per_batch, last.rows_per_batch)
        return last


def _dropout_seed(seed: int, step: int, rank: int) -> int:
    """What random choices of a step follow from: nothing of it needs to be kept."""
    place = f"{seed}/{step}" if rank == 0 else f"{seed}/{step}/{rank}"
    digest = hashlib.blake2b(place.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
