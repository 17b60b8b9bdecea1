"""A model's folder and facts for the tests of exports, without a model."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.export.samples import ORIGIN
from wizardcoder.export import BaseModel, Contents, ModelOrigin, Rate, Scored, Training, Untouched
from wizardcoder.recipe import Train

CONTENTS = Contents(
    records=4,
    sources=Counter({("code_alpaca_20k", "CC-BY-NC-4.0"): 3, ("ours", "MIT"): 1}),
    licences=Counter({"CC-BY-NC-4.0": 3, "MIT": 1}),
    rounds=Counter({0: 4}),
)
TRAINING = Training(
    options=Train(),
    examples=4,
    rejected=1,
    truncated=2,
    steps=200,
    tokens=5000,
    label_tokens=3000,
    loss=0.5,
    seconds=60.0,
)
MODEL = ModelOrigin(
    name="mine round-1",
    base=BaseModel("bigcode/starcoder", "bigcode-openrail-m", on_hub=True),
    data=replace(ORIGIN, name="mine round-1"),
    contents=CONTENTS,
    training=TRAINING,
)
SCORED = Scored(
    benchmark="humaneval",
    score=Rate(0.598, 0.52, 0.67, 164),
    coverage=1.0,
    attested=1.0,
    sandbox_level="full",
    sampling="greedy, n = 1, at most 2048 tokens, transformers in fp32",
    answers=164,
    truncated=3,
    base=Rate(0.336, 0.27, 0.41, 164),
    untouched=Untouched(Rate(0.55, 0.47, 0.63, 150), touched=14, unchecked=0),
)
#: What an export of that folder holds beside its manifest, with an adapter.
FULL_FILES = {
    *("README.md", "config.json", "generation_config.json", "model.safetensors"),
    *("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"),
    *("adapter/adapter_config.json", "adapter/adapter_model.safetensors"),
}


def checkpoint(folder: Path, *, adapter: bool = False) -> Path:
    """A folder with the files that training leaves; what they hold means nothing."""
    files: dict[str, Any] = {
        "config.json": {},
        "generation_config.json": {},
        "tokenizer.json": {},
        "tokenizer_config.json": {"tokenizer_class": "TokenizersBackend"},
        "chat_template.jinja": "",
        "model.safetensors": "weights",
        "manifest.json": {},
        "train.jsonl": "a log",
        "tensorboard/events.1": "a log",
        "development/verdicts/manifest.json": {},
    }
    if adapter:
        place = {"base_model_name_or_path": "/home/me/models/starcoder", "r": 4}
        files |= {"adapter/adapter_config.json": place, "adapter/adapter_model.safetensors": "w"}
    for name, value in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text)
    return folder
