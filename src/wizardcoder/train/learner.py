"""One optimizer step: loss, gradients, update, running average; and all of its state."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wizardcoder.recipe import Train
from wizardcoder.train.batches import IGNORED, Batch, block_mask

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

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
    """A model with its AdamW, its loss scaler (fp16 only) and, if asked for, averaged weights."""

    def __init__(self, model: PreTrainedModel, options: Train, steps: int) -> None:
        import torch

        self.model = model
        self.options = options
        self.steps = steps
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[
            options.precision
        ]
        self.optimizer = torch.optim.AdamW(
            _parameter_groups(model, options.weight_decay),
            lr=options.lr,
            betas=options.betas,
            fused=True,
        )
        scales = options.precision == "fp16"
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=scales)
        self.average = [p.detach().clone() for p in model.parameters()] if options.ema else []

    def learn(self, batches: Iterable[Batch], labels: int, step: int) -> float:
        """The mean loss per label of one optimizer step over `batches`, which hold `labels`.

        Dividing by the labels of the whole step, and not batch by batch, gives every label the
        same weight. A loss that is not finite is returned and changes nothing.
        """
        loss = 0.0
        for batch in batches:
            part = self._loss_sum(batch.to(self.model.device)) / labels
            self.scaler.scale(part).backward()  # type: ignore[no-untyped-call]
            loss += part.item()
        if math.isfinite(loss):
            self._update(step)
        self.optimizer.zero_grad()
        return loss

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.average = [average.to(self.model.device) for average in state["average"]]

    def settle(self) -> None:
        """Give the model its final weights: the averaged ones, if there are any."""
        import torch

        with torch.no_grad():
            for parameter, average in zip(self.model.parameters(), self.average, strict=False):
                parameter.copy_(average)

    def _loss_sum(self, batch: Batch) -> torch.Tensor:
        """The summed cross-entropy of all targets; logits are made only where a target is."""
        import torch

        learnt = batch.targets != IGNORED
        with torch.autocast(
            batch.ids.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32
        ):
            hidden = self.model.base_model(
                input_ids=batch.ids,
                position_ids=batch.positions,
                attention_mask=block_mask(batch.documents, self.dtype),
                use_cache=False,
            )[0]
            head = self.model.get_output_embeddings()  # type: ignore[no-untyped-call]
            logits = head(hidden[learnt])
        return torch.nn.functional.cross_entropy(
            logits.float(), batch.targets[learnt], reduction="sum"
        )

    def _update(self, step: int) -> None:
        import torch

        rate = self.options.lr * lr_factor(step, self.steps, self.options)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self.options.max_grad_norm:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.max_grad_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        weight = 1 - min(AVERAGE_DECAY, (step + 1) / (step + 10))
        with torch.no_grad():
            for average, parameter in zip(self.average, self.model.parameters(), strict=False):
                average.lerp_(parameter, weight)


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases and norms, which have one dimension, do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
