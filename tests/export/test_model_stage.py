"""An exported model: what loading reads, its card, and nothing of the machine it was trained on."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.export.models import CONTENTS, FULL_FILES, MODEL, checkpoint
from wizardcoder.errors import StageConflictError, UsageError
from wizardcoder.export import BaseModel, ModelOrigin, package, run_model_stage
from wizardcoder.storage import Identity, Json

IDENTITY = Identity("export-model", {"arm": "round-1"})
NOBODY_TOLD = replace(MODEL, base=BaseModel("theirs", "unknown"))


def export(folder: Path, model: ModelOrigin = MODEL, **options: Any) -> Json:
    """An export of a checkpoint into `folder`."""
    source = checkpoint(folder.parent / "arm", adapter=True)
    return run_model_stage(folder, source, model, **{"identity": IDENTITY, **options})


def test_what_loading_reads_is_there_and_no_log(tmp_path: Path) -> None:
    manifest = export(tmp_path / "out")
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert found == {*FULL_FILES, "manifest.json"}
    assert manifest["files"].keys() == FULL_FILES


def test_weights_take_no_second_place_on_the_disk(tmp_path: Path) -> None:
    export(tmp_path / "out")
    assert (tmp_path / "out/model.safetensors").samefile(tmp_path / "arm/model.safetensors")
    assert not (tmp_path / "out/config.json").samefile(tmp_path / "arm/config.json")


def test_weights_are_copied_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", refuse)
    export(tmp_path / "out")
    assert (tmp_path / "out/model.safetensors").read_text() == "weights"


def test_an_adapter_names_its_base_and_no_place_of_the_machine(tmp_path: Path) -> None:
    export(tmp_path / "out")
    options = json.loads((tmp_path / "out/adapter/adapter_config.json").read_text())
    assert options == {"base_model_name_or_path": "bigcode/starcoder", "r": 4}
    theirs = json.loads((tmp_path / "arm/adapter/adapter_config.json").read_text())
    assert theirs["base_model_name_or_path"] == "/home/me/models/starcoder"


def test_transformers_4_knows_the_tokenizers_class(tmp_path: Path) -> None:
    export(tmp_path / "out")
    written = json.loads((tmp_path / "out/tokenizer_config.json").read_text())
    assert written == {"tokenizer_class": "PreTrainedTokenizerFast"}


def test_a_base_of_unknown_licence_is_refused_and_may_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"base model 'theirs' is unknown; .*--base-licence"):
        export(tmp_path / "out", NOBODY_TOLD)
    assert not list(tmp_path.glob("out*"))
    export(tmp_path / "out", NOBODY_TOLD, allow_unknown=True)
    with pytest.raises(UsageError, match=r"base model 'theirs' is unknown; export it again with"):
        package(tmp_path / "out")
    assert package(tmp_path / "out", allow_unknown=True).kind == "model"


def test_training_data_of_unknown_licence_is_refused(tmp_path: Path) -> None:
    unknown = replace(CONTENTS, licences=Counter({"unknown": 4}))
    with pytest.raises(UsageError, match="licence of 4 of 4 records is unknown"):
        export(tmp_path / "out", replace(MODEL, contents=unknown))


def test_an_interrupted_export_goes_on_and_leaves_the_checkpoint_as_it_was(tmp_path: Path) -> None:
    def stop(done: int, *_: object) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "out", progress=stop)
    assert not (tmp_path / "out").exists()
    whole = export(tmp_path / "out")["files"]
    assert whole == export(tmp_path / "other")["files"]
    assert (tmp_path / "arm/model.safetensors").read_text() == "weights"


def test_a_folder_with_another_model_is_not_overwritten(tmp_path: Path) -> None:
    export(tmp_path / "out")
    other = Identity("export-model", {"arm": "seed"})
    with pytest.raises(StageConflictError):
        export(tmp_path / "out", identity=other)
    export(tmp_path / "out", identity=other, force=True)
