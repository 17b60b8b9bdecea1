"""How the processes share a model: each has all of it (DDP), or a part of every layer (FSDP)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from wizardcoder.errors import RecipeError
from wizardcoder.recipe import Train
from wizardcoder.train.processes import Processes

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def check(options: Train, processes: Processes) -> None:
    """Raises RecipeError for processes that were not told how to share, or cannot."""
    if processes.count > 1 and options.parallel == "none":
        raise RecipeError(
            f"{processes.count} processes train together, but train.parallel = 'none': set it to "
            "'ddp' (each holds the whole model), or to 'fsdp' (each holds a part)"
        )
    if options.parallel == "fsdp" and options.precision == "fp16":
        raise RecipeError(
            "train.parallel = 'fsdp' with train.precision = 'fp16': scaled gradients cannot be "
            "checked part by part; use precision = 'bf16', or parallel = 'ddp'"
        )
    if options.parallel == "fsdp" and options.method == "qlora":
        raise RecipeError(
            "train.parallel = 'fsdp' with train.method = 'qlora': quantised weights are not "
            "shared out; use parallel = 'ddp', or method = 'lora'"
        )


def spread(model: PreTrainedModel, options: Train, processes: Processes) -> torch.nn.Module:
    """What to call in place of `model`. For FSDP the model itself is changed.

    Gradients are averaged over the processes when a backward pass is done.
    """
    if processes.count == 1:
        return model
    if options.parallel == "fsdp":
        return _shard(model)
    from torch.nn.parallel import DistributedDataParallel

    return DistributedDataParallel(
        model,
        device_ids=[model.device] if model.device.type == "cuda" else None,
        gradient_as_bucket_view=True,
    )


def quiet(objective: torch.nn.Module) -> AbstractContextManager[None]:
    """While open, backward passes add up in this process alone; DDP has not to ask the others.

    FSDP asks each time: gradients that are added up whole would cost what sharding saves.
    """
    from torch.nn.parallel import DistributedDataParallel

    if isinstance(objective, DistributedDataParallel):
        return objective.no_sync()
    return nullcontext()


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor with the parts of all processes, which must all ask for it."""
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _shard(model: PreTrainedModel) -> torch.nn.Module:
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(model.device.type, (dist.get_world_size(),))
    layers = set(model._no_split_modules or ())
    for module in model.modules():
        if type(module).__name__ in layers:
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model
