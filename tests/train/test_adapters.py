"""LoRA: what learns, what comes out, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from wizardcoder.errors import RecipeError, TrainingError
from wizardcoder.records import Record
from wizardcoder.train import fit

from .test_loop import quick
from .test_stage import Stopped, losses, same_weights, stop_at


def test_an_adapter_learns_and_comes_out_merged_with_itself_beside(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    options = quick(method="lora", lora={"rank": 8, "dropout": 0.1}, steps=24)
    fit(records, base, options, tmp_path / "arm")
    curve = losses(tmp_path / "arm")
    assert sum(curve[-4:]) < 0.8 * sum(curve[:4])
    merged, plain = (load_file(folder / "model.safetensors") for folder in (tmp_path / "arm", base))
    assert merged.keys() == plain.keys()
    changed = {name for name in plain if not torch.equal(merged[name], plain[name])}
    assert changed == {
        name for name in plain if name.endswith(("attn.weight", "proj.weight", "c_fc.weight"))
    }
    assert (tmp_path / "arm" / "adapter" / "adapter_model.safetensors").exists()


def test_an_interrupted_adapter_ends_as_an_uninterrupted_one(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    options = quick(method="lora", lora={"rank": 4, "dropout": 0.1}, checkpoint_seconds=1e-6)
    fit(records, base, options, tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(records, base, options, tmp_path / "arm", progress=stop_at(5))
    fit(records, base, options, tmp_path / "arm")
    assert same_weights(tmp_path / "arm", tmp_path / "whole")


def test_layers_that_the_base_has_not_are_refused_with_those_that_it_has(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    options = quick(method="lora", lora={"targets": ["q_proj"]})
    with pytest.raises(RecipeError, match=r"lora.targets = \['q_proj'\].*c_attn, c_fc"):
        fit(records, base, options, tmp_path / "arm")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_quantised_training_without_a_gpu_is_refused(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"'qlora' needs a GPU"):
        fit(records, base, quick(method="qlora"), tmp_path / "arm")


def test_averaged_adapters_are_refused(base: Path, records: list[Record], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"set train.ema = false"):
        fit(records, base, quick(method="lora", ema=True), tmp_path / "arm")
