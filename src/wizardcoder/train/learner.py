"""One optimizer step: loss, gradients, update, running average; and all of its state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from wizardcoder.recipe import Train
from wizardcoder.train import spreading
from wizardcoder.train.batches import Batch
from wizardcoder.train.loss import loss
from wizardcoder.train.processes import ALONE, Processes

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_Item = TypeVar("_Item")
#: The average forgets over about 1 / (1 - this) steps, fewer at the beginning.
AVERAGE_DECAY = 0.99


def lr_factor(step: int, steps: int, options: Train) -> float:
    """What the learning rate is multiplied with at `step` (from 0) of `steps`.

    Linear warm-up, then constant, or half a cosine down to 0 after the last step.
    """
    if step < options.warmup_steps:
        return (step + 1) / options.warmup_steps
    if options.schedule == "constant":
        return 1.0
    share = (step - options.warmup_steps) / max(1, steps - options.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * share))


class Learner:
    """A model with its AdamW, its loss scaler (fp16 only) and, if asked for, averaged weights.

    Weights that ask for no gradient are frozen: they have no state. `processes` learn together.
    """

    def __init__(
        self, model: PreTrainedModel, options: Train, steps: int, processes: Processes = ALONE
    ) -> None:
        import torch

        self.model = model
        self.options = options
        self.steps = steps
        self.processes = processes
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[
            options.precision
        ]
        self._called = spreading.spread(model, options, processes)  # before AdamW sees the weights
        self.optimizer = torch.optim.AdamW(
            _parameter_groups(model, options.weight_decay),
            lr=options.lr,
            betas=options.betas,
            fused=True,
        )
        scales = options.precision == "fp16"
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=scales)
        learning = self.learning() if options.ema else {}
        self.average = {name: p.detach().clone() for name, p in learning.items()}

    def learning(self) -> dict[str, torch.nn.Parameter]:
        """The weights that learn, by name; of a shared-out model, this process's part of each."""
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def accumulate(self, batches: Iterable[Batch], labels: int) -> float:
        """The mean loss per label of a step whose batches, on all processes, hold `labels`.

        Leaves its gradients. Dividing by the labels of the whole step, and not batch by batch,
        gives every label the same weight.
        """
        import torch

        summed = torch.zeros((), dtype=torch.float64, device=self.model.device)
        for batch, last in _marking_last(batches):
            with nullcontext() if last else spreading.quiet(self._called):
                part = self._loss_sum(batch.to(self.model.device)) / labels
                shared = part * self.processes.count  # gradients are averaged over processes
                self.scaler.scale(shared).backward()  # type: ignore[no-untyped-call]
            summed += part.detach()
        return self.processes.total(summed.item())[0]

    def update(self, step: int) -> float:
        """Use the gradients; returns their norm, before clipping.

        Where it is not finite, no weight changes: a scaled fp16 step is skipped, and tried with a
        smaller scale next time. Otherwise clipping would make every weight NaN.
        """
        import torch

        rate = self.options.lr * lr_factor(step, self.steps, self.options)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.unscale_(self.optimizer)
        clipped = torch.nn.utils.clip_grad_norm_(
            self.learning().values(), self.options.max_grad_norm or math.inf
        )
        norm = float(spreading.whole(clipped))
        if math.isfinite(norm) or self.scaler.is_enabled():
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self._average(step)
        self.forget()
        return norm

    def forget(self) -> None:
        """Drop the gradients."""
        self.optimizer.zero_grad()

    def state(self) -> dict[str, Any]:
        """Every tensor that the next step depends on, by the names of the weights.

        Those of the model and the average are its own and not copies: filling them changes it.
        """
        from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

        return {
            "model": {name: p.detach() for name, p in self.learning().items()},
            "optimizer": get_optimizer_state_dict(self.model, self.optimizer),
            "scaler": self.scaler.state_dict(),
            "average": self.average,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what was filled into `state()`."""
        from torch.distributed.checkpoint.state_dict import set_optimizer_state_dict

        set_optimizer_state_dict(self.model, self.optimizer, state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])

    def weights(self) -> dict[str, torch.Tensor]:
        """What was learnt, on the CPU: the averaged weights, if there are any.

        All processes must ask; only the first gets them.
        """
        found = {}
        for name, weight in (self.average or self.learning()).items():
            complete = spreading.whole(weight.detach())
            if self.processes.first:
                found[name] = complete.cpu()
        return found

    def _loss_sum(self, batch: Batch) -> torch.Tensor:
        """The summed cross-entropy of all targets, in the precision of the recipe."""
        import torch

        with torch.autocast(
            batch.ids.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32
        ):
            return loss(self._called, batch)[0]

    def _average(self, step: int) -> None:
        import torch

        weight = 1 - min(AVERAGE_DECAY, (step + 1) / (step + 10))
        learning = self.learning() if self.average else {}
        with torch.no_grad():
            for name, average in self.average.items():
                average.lerp_(learning[name], weight)


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases and norms, which have one dimension, do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]  # adapters have no norms


def _marking_last(items: Iterable[_Item]) -> Iterator[tuple[_Item, bool]]:
    """Each item, and whether it is the last one."""
    left = iter(items)
    here = next(left)
    for after in left:
        yield here, False
        here = after
    yield here, True
