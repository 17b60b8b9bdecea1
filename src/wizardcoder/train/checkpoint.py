"""The model that training starts from and the one that it leaves: Hugging Face folders."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.engines.ending import generation_config
from wizardcoder.errors import MissingDataError, MissingExtraError
from wizardcoder.storage import disk_errors, sha256, text_digest

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, PreTrainedModel, PreTrainedTokenizerBase


class Checkpoint(NamedTuple):
    """A causal language model with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def load_base(base: Path | str, quantization: BitsAndBytesConfig | None = None) -> Checkpoint:
    """The model to tune, in fp32 or quantised, from a folder or by its name on the hub.

    Raises MissingDataError when there is none, MissingExtraError without transformers.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, logging
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "transformers", "train") from None
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    how = {} if quantization is None else {"quantization_config": quantization}
    try:
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, **how)
        tokenizer = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MissingDataError(
            f"base.model = '{base}': cannot be loaded: {reason}; give a checkpoint folder or the "
            "name of a causal language model on the hub"
        ) from None
    return Checkpoint(model, tokenizer)


def device() -> torch.device:
    """Where to train: this process's GPU, else the CPU."""
    import torch

    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def fingerprint(checkpoint: Path | str) -> str:
    """What tells checkpoints apart: a digest of a folder's weights, or the name on the hub."""
    files = sorted(Path(checkpoint).glob("*.safetensors"))
    return text_digest(*(sha256(file) for file in files)) if files else str(checkpoint)


def export(checkpoint: Checkpoint, folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write safetensors, tokenizer and generation config into `folder`.

    `weights` are the model's parameters by name; its buffers are taken as they are.
    """
    from safetensors import SafetensorError
    from transformers import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model, tokenizer = checkpoint
    attention = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    model.config.eos_token_id = tokenizer.eos_token_id
    model.generation_config = generation_config(tokenizer, model.generation_config)
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    buffers = {k: v for k, v in model.state_dict().items() if k not in parameters}
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            model.save_pretrained(folder, state_dict={**buffers, **weights})
        except SafetensorError as error:  # how safetensors says that the disk is full
            raise OSError(errno.ENOSPC, str(error)) from None
        tokenizer.save_pretrained(folder)
    model.set_attn_implementation(attention)
