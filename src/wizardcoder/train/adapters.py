"""Low-rank adapters (LoRA, arXiv 2106.09685) on a frozen, possibly quantised (QLoRA) base."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.errors import MissingExtraError, RecipeError, TrainingError
from wizardcoder.recipe import Lora, Train
from wizardcoder.storage import disk_errors
from wizardcoder.train.checkpoint import Checkpoint, export, load_base

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import BitsAndBytesConfig, PreTrainedModel

#: Where the adapter lies in the folder of the model that it was merged into.
ADAPTER = "adapter"


def check(options: Train) -> None:
    """Raises MissingExtraError or TrainingError where adapters cannot be trained."""
    if options.method == "full":
        return
    if find_spec("peft") is None:
        raise MissingExtraError("peft", "train")
    if options.ema:
        raise RecipeError(
            f"train.ema with train.method = '{options.method}': adapters are not averaged; "
            "set train.ema = false"
        )
    if options.method == "qlora":
        _check_quantising()


class Tuning(NamedTuple):
    """A model that learns. With an adapter, of `base`, only that learns: its layers are inside the
    checkpoint's model, which is called as before."""

    checkpoint: Checkpoint
    adapted: PeftModel | None = None
    base: Path | str = ""

    def export(self, folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
        """Write what was learnt, by name, as a checkpoint; an adapter merged, and beside it."""
        if self.adapted is None:
            export(self.checkpoint, folder, weights)
            return
        save_adapter(self.adapted, folder / ADAPTER, weights)
        merged = merge(self.base, folder / ADAPTER)
        whole = Checkpoint(merged, self.checkpoint.tokenizer)
        export(whole, folder, dict(merged.named_parameters()))


def load_tuned(base: Path | str, options: Train) -> Tuning:
    """The base as the method wants it: whole, or with a new adapter."""
    if options.method == "full":
        return Tuning(load_base(base))
    quantised = _quantisation(options) if options.method == "qlora" else None
    checkpoint = load_base(base, quantised)
    return Tuning(checkpoint, add_adapter(checkpoint.model, options.lora, options.seed), base)


def add_adapter(model: PreTrainedModel, options: Lora, seed: int) -> PeftModel:
    """Put an adapter into the model, which from then on is frozen but for it.

    Its first weights depend on `seed` alone. Raises RecipeError for layers that are not there.
    """
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=options.targets or "all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(), _old_names():
        torch.manual_seed(seed)
        try:
            adapted = get_peft_model(model, config)
        except ValueError as error:
            linear = {
                name.rpartition(".")[2]
                for name, module in model.named_modules()
                if isinstance(module, torch.nn.Linear)
            }
            raise RecipeError(
                f"train.lora.targets = {options.targets}: {str(error).splitlines()[0]}; linear "
                f"layers of the base model: {', '.join(sorted(linear))}"
            ) from None
    assert isinstance(adapted, PeftModel)
    return adapted


def save_adapter(adapted: PeftModel, folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write the adapter into `folder`; `weights` are those that learn, by their names inside."""
    prefix = "base_model.model."
    with disk_errors(folder), _old_names():
        adapted.save_pretrained(
            str(folder), state_dict={f"{prefix}{name}": weight for name, weight in weights.items()}
        )
        (folder / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in


def merge(base: Path | str, adapter: Path) -> PreTrainedModel:
    """The base, loaded anew in fp32, with the adapter's weights added to its own."""
    from peft import PeftModel

    model, _ = load_base(base)
    with _old_names():
        merged: PreTrainedModel = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    return merged


@contextmanager
def _old_names() -> Iterator[None]:
    """peft asks transformers by names that those have renamed; that is not the user's matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _quantisation(options: Train) -> BitsAndBytesConfig:
    """Four bits as in QLoRA (arXiv 2305.14314): NormalFloat, its constants quantised again."""
    import torch
    from transformers import BitsAndBytesConfig

    half = torch.float16 if options.precision == "fp16" else torch.bfloat16
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=half,
    )


def _check_quantising() -> None:
    import torch

    if not torch.cuda.is_available():
        raise TrainingError(
            "train.method = 'qlora' needs a GPU, and none is at hand; use train.method = 'lora'"
        )
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes", "gpu")
