"""The memory of a training on each of its devices, by part; before a weight is loaded.

Weights are counted on the architecture itself and passes are traced (`allocations`). What CUDA
itself takes and what fragments is left to the share of a device that may be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.recipe import Train
from wizardcoder.train.adapters import add_adapter
from wizardcoder.train.speed import flops_per_token
from wizardcoder.train.survey import Passing

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel

    from wizardcoder.train.allocations import Peak
    from wizardcoder.train.batches import Batch

#: Weights, gradients and moments of AdamW are fp32: the model is loaded so, and autocast computes.
_WIDE = 4
#: A weight in NF4 with its constants quantised again: 4 + 8/64 + 32/(64·256) bits (QLoRA, 3).
_NF4 = (4 + 8 / 64 + 32 / (64 * 256)) / 8
_ADAM_MOMENTS = 2


class Footprint(NamedTuple):
    """Bytes on one device at the moment of most, by part.

    `weights` of the base, `adapters` with their own gradients and optimizer; `copies` of weights
    in 16 bits, which autocast keeps for the backward pass; `gathered`: what FSDP has put together
    of a layer and its gradient; `activations` and `logits` of one pass, with passing tensors.
    """

    weights: int
    gradients: int
    optimizer: int
    adapters: int
    copies: int
    gathered: int
    activations: int
    logits: int

    @property
    def total(self) -> int:
        return sum(self)


class Counts(NamedTuple):
    """Weights of a model by their fate. `linear` ones are quantised by QLoRA; FSDP gathers `layer`
    by layer, and what is in none (`outside`) for the whole pass.
    """

    frozen: int
    learning: int
    linear: int
    layer: int
    outside: int


class Traced(NamedTuple):
    """A training's weights, and the bytes of its largest pass at the moment of most."""

    counts: Counts
    copies: int
    activations: int
    logits: int


def count_weights(config: PreTrainedConfig) -> int:
    """How many weights a model of this architecture has, those that are shared counted once."""
    return sum(weight.numel() for weight in _skeleton(config).parameters())


def flops_of(config: PreTrainedConfig, mean_tokens: float) -> float:
    """Operations of forward and backward for a token, as the live line counts them."""
    return flops_per_token(_skeleton(config), mean_tokens)


def trace(config: PreTrainedConfig, options: Train, passing: Passing) -> Traced:
    """Count the weights of a training and trace its largest pass, as one process does it.

    Raises RecipeError for adapters on layers that are not there.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    model = _model(config, options)
    counts = _count(model)
    with FakeTensorMode():
        _pretend(model)
        whole = _trace(model, options, passing)
        without_logits = _trace(model, options, passing._replace(labels=1))
    return Traced(
        counts=counts,
        copies=without_logits.copies,
        activations=without_logits.others,
        logits=max(0, whole.others - without_logits.others),
    )


def footprint(traced: Traced, options: Train, processes: int = 1) -> Footprint:
    """What each of `processes` devices holds; `options` share out what `traced` has counted."""
    counts = traced.counts
    shards = processes if options.parallel == "fsdp" else 1
    full = options.method == "full"
    wide = counts.frozen + (counts.learning if full else 0)
    quantised = counts.linear if options.method == "qlora" else 0
    learning = counts.learning / shards
    moments = _ADAM_MOMENTS + options.ema
    return Footprint(
        weights=round((_WIDE * (wide - quantised) + _NF4 * quantised) / shards),
        gradients=round(_WIDE * learning) if full else 0,
        optimizer=round(_WIDE * moments * learning) if full else 0,
        adapters=0 if full else round(_WIDE * (2 + moments) * learning),
        copies=0 if quantised else traced.copies,
        gathered=_gathered(counts, full=full) if shards > 1 else 0,
        activations=traced.activations,
        logits=traced.logits,
    )


def _gathered(counts: Counts, *, full: bool) -> int:
    """Two layers (the next is fetched while one computes), and gradients before they are shared."""
    weights = counts.outside + 2 * counts.layer
    gradients = counts.outside + 2 * counts.layer if full else 0
    return _WIDE * (weights + gradients)


def _count(model: PreTrainedModel) -> Counts:
    import torch

    weights = list(model.parameters())
    learning = sum(w.numel() for w in weights if w.requires_grad)
    head = next(model.get_output_embeddings().parameters())  # type: ignore[no-untyped-call]
    linear = {
        id(module.weight): module.weight.numel()
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
        and module.weight is not head
        and not module.weight.requires_grad
    }
    names = set(model._no_split_modules or ())
    layers = [
        sum(weight.numel() for weight in module.parameters())
        for module in model.modules()
        if type(module).__name__ in names
    ]
    every = sum(weight.numel() for weight in weights)
    return Counts(
        frozen=every - learning,
        learning=learning,
        linear=sum(linear.values()),
        layer=max(layers, default=every),
        outside=every - sum(layers),
    )


def _model(config: PreTrainedConfig, options: Train) -> PreTrainedModel:
    """The architecture as it is trained, adapters included, without memory."""
    import torch

    model = _skeleton(config, "eager" if options.attention == "eager" else None)
    if options.method != "full":
        with torch.device("meta"):
            add_adapter(model, options.lora, options.seed)
    if options.gradient_checkpointing:
        newer = getattr(model, "activation_checkpointing_enable", None)
        (newer or model.gradient_checkpointing_enable)({"use_reentrant": False})
    model.train()
    return model


def _skeleton(config: PreTrainedConfig, attention: str | None = None) -> PreTrainedModel:
    import torch
    from transformers import AttentionInterface, AutoModelForCausalLM

    from wizardcoder.train import allocations

    AttentionInterface.register(allocations.NAME, allocations.attention)
    with torch.device("meta"):
        made: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=torch.float32, attn_implementation=attention or allocations.NAME
        )
    return made


def _pretend(model: PreTrainedModel) -> None:
    """Put tensors that only claim to be on the CPU in place of the model's, shared ones shared."""
    import torch

    made: dict[int, torch.nn.Parameter] = {}

    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False, remove_duplicate=False):
            if id(weight) not in made:
                empty = torch.empty(weight.shape, dtype=weight.dtype)
                made[id(weight)] = torch.nn.Parameter(empty, weight.requires_grad)
            module._parameters[name] = made[id(weight)]
        for name, buffer in module.named_buffers(recurse=False):
            module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype)


def _trace(model: PreTrainedModel, options: Train, passing: Passing) -> Peak:
    """The peak of forward and backward, gradients not counted."""
    import torch

    from wizardcoder.train.allocations import Allocations
    from wizardcoder.train.loss import loss

    weights = list(model.parameters())
    for weight in weights:
        weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    half = options.precision != "fp32"
    batch = _batch(passing)
    counted = Allocations(weights)
    with counted:
        with torch.autocast("cpu", dtype=dtype[options.precision], enabled=half):
            summed, _ = loss(model, batch)
        summed.backward()  # type: ignore[no-untyped-call]
    return counted.peak


def _batch(passing: Passing) -> Batch:
    import torch

    from wizardcoder.train.batches import Batch

    shape = (1, passing.tokens)
    return Batch(
        ids=torch.zeros(shape, dtype=torch.long),
        positions=torch.zeros(shape, dtype=torch.long),
        targets=torch.zeros(shape, dtype=torch.long),
        documents=torch.zeros(shape, dtype=torch.long),
        learning=torch.arange(passing.labels),
        borders=torch.zeros(2, dtype=torch.int32),
        longest=passing.tokens,
        labels=passing.labels,
    )
