"""A base that cannot be tuned is refused by its configuration and tokenizer alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from wizardcoder.errors import MissingDataError, TrainingError
from wizardcoder.train import check_base

from .test_stage import options_with


def changed(base: Path, folder: Path, **config: object) -> Path:
    """The base with another configuration."""
    shutil.copytree(base, folder)
    table = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**table, **config}))
    return folder


def test_a_base_that_can_be_tuned_passes_without_its_weights_being_read(
    base: Path, tmp_path: Path
) -> None:
    folder = changed(base, tmp_path / "base")
    (folder / "model.safetensors").write_bytes(b"")
    check_base(folder, options_with())


def test_a_folder_that_is_not_there_is_named_and_nobody_asks_the_hub(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"'.*nowhere': there is no such folder; give a"):
        check_base(str(tmp_path / "nowhere"), options_with())


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="configuration and tokenizer cannot be read"):
        check_base(tmp_path, options_with())


def test_a_folder_without_weights_is_named(base: Path, tmp_path: Path) -> None:
    folder = changed(base, tmp_path / "base")
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingDataError, match="holds no weights"):
        check_base(folder, options_with())


def test_a_model_that_does_not_write_text_on_is_named(base: Path, tmp_path: Path) -> None:
    folder = changed(base, tmp_path / "base", model_type="vit")
    with pytest.raises(MissingDataError, match="type 'vit' does not write text on"):
        check_base(folder, options_with())


def test_too_few_positions_are_found_early(base: Path) -> None:
    with pytest.raises(TrainingError, match=r"has 128 positions only; set train.length_tokens"):
        check_base(base, options_with(length_tokens=4096))


def test_a_tokenizer_without_an_end_is_found_early(base: Path, tmp_path: Path) -> None:
    folder = changed(base, tmp_path / "base")
    file = folder / "tokenizer_config.json"
    table = json.loads(file.read_text())
    del table["eos_token"]
    file.write_text(json.dumps(table))
    with pytest.raises(TrainingError, match="no end token"):
        check_base(folder, options_with())
