"""Samples that are there already, when another number of them is wanted.

A stage folder belongs to its options, and `n` is one of them; but sample 7 is the same whether 20
or 200 are drawn. So a folder of another `n` is turned back into an unfinished one with its rows.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from wizardcoder.records import Completion
from wizardcoder.storage import (
    Identity,
    Json,
    disk_errors,
    read_manifest,
    stream_parquet,
    to_json,
    write_json_lines,
    write_text,
)

_TABLE, _SHARD = "completions.parquet", "completions.jsonl"


def take_over(path: Path, identity: Identity) -> None:
    """Give the samples of the stage folder `path` to `identity`, if only `n` tells them apart.

    A finished folder is left aside, as `--force` leaves it, where fewer samples are wanted than it
    holds: none that was drawn is lost.
    """
    partial = path.with_name(f"{path.name}.partial")
    if (path / "manifest.json").is_file():
        stored = read_manifest(path)["identity"]
        if _differs_in_n(stored, identity):
            _reopen(path, partial, identity, grows=_n(stored) < _n(identity.as_json()))
    elif (partial / "identity.json").is_file():
        stored = json.loads((partial / "identity.json").read_text(encoding="utf-8"))
        if _differs_in_n(stored, identity):
            _sign(partial, identity)


def _reopen(path: Path, partial: Path, identity: Identity, *, grows: bool) -> None:
    """Rows first, then the old folder's name: a kill in between repeats this, and loses nothing."""
    fresh = path.with_name(f".{path.name}.reopened")
    with disk_errors(path):
        for stale in (fresh, partial):
            shutil.rmtree(stale, ignore_errors=True)
        fresh.mkdir()
        write_json_lines(fresh / _SHARD, map(to_json, stream_parquet(path / _TABLE, Completion)))
        _sign(fresh, identity)
        fresh.rename(partial)
        aside = path.with_name(f"{path.name}.old-{time.strftime('%Y%m%d-%H%M%S')}")
        path.rename(aside)
        if grows:
            shutil.rmtree(aside)  # all that it held is in the new one


def _sign(folder: Path, identity: Identity) -> None:
    write_text(folder / "identity.json", json.dumps(identity.as_json(), indent=2) + "\n")


def _differs_in_n(stored: Json, identity: Identity) -> bool:
    wanted = identity.as_json()
    return stored != wanted and _without_n(stored) == _without_n(wanted)


def _without_n(identity: Json) -> Json:
    options = {key: value for key, value in identity["options"].items() if key != "n"}
    return {**identity, "options": options}


def _n(identity: Json) -> int:
    n: int = identity["options"].get("n", 0)
    return n
