"""What an exported model's folder says besides, for software older than transformers 5.

transformers 5 writes rotary positions as one table and names a tokenizer's class anew. Who knows
the old names alone (transformers 4 and what reads configurations as it does) refuses the tokenizer,
and takes the positions at their defaults without a word: it loads, and computes nonsense. So both
are written; transformers 5 reads the same model from either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wizardcoder.storage import write_text

Config = dict[str, Any]

#: Two names of one class: transformers 5 writes the new one, and version 4 knows the old one only.
_NEW_CLASS, _OLD_CLASS = "TokenizersBackend", "PreTrainedTokenizerFast"
#: What version 4 calls parts of the table of rotary positions, for all models and for some.
_PARTS = {"rope_theta": "rope_theta", "partial_rotary_factor": "partial_rotary_factor"}
_PARTS_OF = {"gpt_neox": {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"}}


def make_portable(folder: Path, base: str) -> None:
    """Say what older software needs, and take out what only this machine understands.

    `base`: what the model is called that an adapter in the folder belongs to.
    """
    _amend(folder / "config.json", with_old_rotary_names)
    _amend(folder / "tokenizer_config.json", old_tokenizer_names)
    adapter = folder / "adapter" / "adapter_config.json"
    _amend(adapter, lambda config: {**config, "base_model_name_or_path": base})


def with_old_rotary_names(config: Mapping[str, Any]) -> Config:
    """A model's configuration with its rotary positions as transformers 4 names them as well.

    Positions that differ from layer to layer are left as they are.
    """
    table = config.get("rope_parameters") or {}
    if any(isinstance(value, Mapping) for value in table.values()):
        return dict(config)
    names = _PARTS_OF.get(config.get("model_type", ""), _PARTS)
    found = {names[part]: table[part] for part in names if part in table}
    if table.get("rope_type", "default") != "default":
        found["rope_scaling"] = {k: v for k, v in table.items() if k not in names}
    return {**config, **found}


def old_tokenizer_names(config: Mapping[str, Any]) -> Config:
    """A tokenizer's configuration with the names that transformers 4 knows.

    It takes a list of `extra_special_tokens` for a table, and stops.
    """
    found = dict(config)
    if found.get("tokenizer_class") == _NEW_CLASS:
        found["tokenizer_class"] = _OLD_CLASS
    if isinstance(found.get("extra_special_tokens"), list):
        found["additional_special_tokens"] = found.pop("extra_special_tokens")
    return found


def _amend(file: Path, amend: Callable[[Config], Config]) -> None:
    if not file.exists():
        return
    config = json.loads(file.read_text(encoding="utf-8"))
    if (amended := amend(config)) != config:
        write_text(file, json.dumps(amended, indent=2, sort_keys=True) + "\n")
