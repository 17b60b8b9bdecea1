from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from wizardcoder.engines import TransformersEngine
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer(["def total(xs):\n    return sum(xs)\n"] * 20, 300)


@pytest.fixture(scope="session")
def checkpoint(
    tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An untrained model whose weights are so large that its choices are clear."""
    folder = tmp_path_factory.mktemp("engine") / "model"
    model = make_model(TinyBase(width=32, layers=2, heads=2, positions=48), tokenizer)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def engine(checkpoint: Path) -> TransformersEngine:
    return TransformersEngine.load(checkpoint, batch_size=4)
