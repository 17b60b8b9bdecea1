"""What can be known of a base model before its weights are read: enough to refuse it early."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.errors import MissingDataError, MissingExtraError, TrainingError
from wizardcoder.recipe import Train
from wizardcoder.train.examples import end_token

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

_ON_HUB = re.compile(r"[\w.-]+(/[\w.-]+)?")
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*")
_MEND = "give a checkpoint folder, or the name of a causal language model on the hub (base.model)"


class Shape(NamedTuple):
    """A base model without its weights."""

    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase


def check_base(base: Path | str, options: Train) -> None:
    """Find what keeps a base from being tuned, from its configuration and tokenizer alone.

    Raises MissingDataError when there is no such model, or not a causal one, TrainingError when
    it has too few positions or no end token, MissingExtraError without transformers.
    """
    config, tokenizer = read_shape(base)
    _check_causal(base, config)
    folder = Path(base)
    if folder.is_dir() and not any(any(folder.glob(pattern)) for pattern in _WEIGHTS):
        raise MissingDataError(f"base.model = '{base}': the folder holds no weights; {_MEND}")
    check_length(config, options.length_tokens)
    end_token(tokenizer)


def read_shape(base: Path | str) -> Shape:
    """The configuration and the tokenizer of a base, from a folder or the hub.

    Raises MissingDataError when they cannot be had, MissingExtraError without transformers.
    """
    if not Path(base).is_dir() and not _ON_HUB.fullmatch(str(base)):
        raise MissingDataError(f"base.model = '{base}': there is no such folder; {_MEND}")
    try:
        from transformers import AutoConfig, AutoTokenizer
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "transformers", "train") from None
    try:
        return Shape(AutoConfig.from_pretrained(base), AutoTokenizer.from_pretrained(base))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MissingDataError(
            f"base.model = '{base}': its configuration and tokenizer cannot be read: {reason}; "
            f"{_MEND}"
        ) from None


def check_length(config: PreTrainedConfig, length_tokens: int) -> None:
    """Raises TrainingError when the model has no positions for rows of this length."""
    longest = getattr(config, "max_position_embeddings", None)
    if longest is not None and length_tokens > longest:
        raise TrainingError(
            f"train.length_tokens = {length_tokens}: the base model has {longest} positions only; "
            f"set train.length_tokens = {longest} or less"
        )


def _check_causal(base: Path | str, config: PreTrainedConfig) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as WRITERS

    if config.model_type not in WRITERS:
        raise MissingDataError(
            f"base.model = '{base}': a model of type {config.model_type!r} does not write text on; "
            f"{_MEND}"
        )
