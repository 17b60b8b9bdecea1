"""What training leaves on disk: its own state while it runs, a Hugging Face folder at the end."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wizardcoder.errors import MissingDataError, MissingExtraError, TrainingError
from wizardcoder.storage import disk_errors, sha256, text_digest

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

#: The file of the unfinished folder that a resumed training goes on from.
STATE = "state.pt"


class Checkpoint(NamedTuple):
    """A causal language model with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def load_base(base: Path | str) -> Checkpoint:
    """The model to tune, in fp32, from a folder or by its name on the hub.

    Raises MissingDataError when there is none, MissingExtraError without transformers.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, logging
    except ImportError as error:
        raise MissingExtraError(error.name or "transformers", "train") from None
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MissingDataError(
            f"base.model = '{base}': cannot be loaded: {reason}; give a checkpoint folder or the "
            "name of a causal language model on the hub"
        ) from None
    return Checkpoint(model, tokenizer)


def device() -> torch.device:
    """Where to train: the first GPU, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fingerprint(checkpoint: Path | str) -> str:
    """What tells checkpoints apart: a digest of a folder's weights, or the name on the hub."""
    files = sorted(Path(checkpoint).glob("*.safetensors"))
    return text_digest(*(sha256(file) for file in files)) if files else str(checkpoint)


def check_length(model: PreTrainedModel, length_tokens: int) -> None:
    """Raises TrainingError when the model has no positions for rows of this length."""
    longest = getattr(model.config, "max_position_embeddings", None)
    if longest is not None and length_tokens > longest:
        raise TrainingError(
            f"train.length_tokens = {length_tokens}: the base model has {longest} positions only"
        )


def export(checkpoint: Checkpoint, folder: Path) -> None:
    """Write safetensors, tokenizer and generation config into `folder`."""
    from safetensors import SafetensorError
    from transformers import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model, tokenizer = checkpoint
    model.set_attn_implementation("sdpa")
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    with disk_errors(folder):
        try:
            model.save_pretrained(folder)
        except SafetensorError as error:  # how safetensors says that the disk is full
            raise OSError(errno.ENOSPC, str(error)) from None
        tokenizer.save_pretrained(folder)


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Replace the state file, all or nothing: a kill leaves the one before."""
    import torch

    temporary = folder / f".{STATE}"
    with disk_errors(folder):
        with temporary.open("wb") as file:
            try:
                torch.save(state, file)
            except RuntimeError as error:  # how torch says that the disk is full
                raise OSError(errno.ENOSPC, str(error)) from None
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / STATE)


def load_state(folder: Path) -> dict[str, Any] | None:
    """The state that an interrupted training left, on the CPU; None when there is none."""
    import torch

    if not (folder / STATE).exists():
        return None
    state: dict[str, Any] = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    return state
