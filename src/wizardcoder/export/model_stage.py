"""A trained model out as a folder that others load, with its card beside the weights.

A folder holds what `from_pretrained` reads, the adapter where one was trained, README.md (the card)
and manifest.json; it appears whole or not at all. Logs and states of the training stay behind.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wizardcoder.errors import UsageError
from wizardcoder.export import licences
from wizardcoder.export.card import unknown_records
from wizardcoder.export.model_card import ModelOrigin, model_card
from wizardcoder.export.portable import make_portable
from wizardcoder.export.stage import CARD, refuse_unknown
from wizardcoder.progress import Progress, silent
from wizardcoder.storage import Identity, Json, disk_errors, open_stage, write_text

#: The stage's name in the identity of an exported model.
MODEL_STAGE = "export-model"
_ADAPTER = Path("adapter")
_WEIGHTS = ".safetensors"
#: What tokenizers, configurations and chat templates are written as.
_LOADED = frozenset({_WEIGHTS, ".json", ".jinja", ".txt", ".model"})
_NOT_FOR_LOADING = frozenset({"manifest.json", "identity.json"})


def run_model_stage(
    path: Path,
    checkpoint: Path,
    model: ModelOrigin,
    *,
    identity: Identity,
    allow_unknown: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write the model in `checkpoint` into the folder `path`; returns the manifest.

    Weights are hard links where the file system has them, so that they take no second place.
    Raises UsageError when the licence of the base or of some training records is unknown and not
    `allow_unknown`.
    """
    if not allow_unknown:
        refuse_unknown_base(model)
        refuse_unknown(model.contents)
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        names = list(loaded_files(checkpoint))
        with disk_errors(stage.partial):
            for number, name in enumerate(names, 1):
                _place(checkpoint / name, stage.partial / name)
                progress(number, len(names), str(name))
            make_portable(stage.partial, model.base.name)
            write_text(stage.partial / CARD, model_card(model))
            return stage.finish({}, counts=_counts(model), files=(CARD, *map(str, names)))


def loaded_files(checkpoint: Path) -> Iterator[Path]:
    """The files of a checkpoint folder that loading it or its adapter reads, by relative path."""
    for folder in (checkpoint, checkpoint / _ADAPTER):
        for file in sorted(folder.glob("*")):
            if file.suffix in _LOADED and file.name not in _NOT_FOR_LOADING:
                yield file.relative_to(checkpoint)


def refuse_unknown_base(model: ModelOrigin) -> None:
    """Raise UsageError when nobody has said what the licence of the base model is."""
    if licences.is_unknown(model.base.licence):
        raise UsageError(
            f"the licence of the base model '{model.base.name}' is unknown; name it with "
            "--base-licence or base.licence in the recipe, or say --allow-unknown-licence"
        )


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # of an interrupted export; it may be a link: never write to it
    if source.suffix == _WEIGHTS:
        with suppress(OSError):  # another file system, or one without links
            os.link(source, target)
            return
    shutil.copyfile(source, target)


def _counts(model: ModelOrigin) -> Json:
    return {
        "records": model.contents.records,
        "licences": dict(sorted(model.contents.licences.items())),
        "unknown_licence": unknown_records(model.contents),
        "base": model.base.name,
        "base_licence": model.base.licence,
    }
