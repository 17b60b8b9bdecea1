"""A stage folder that goes on under another identity, with the rows that it has.

Which rows another identity may take over is for the stage to know: those that do not depend on
what tells the two apart.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from wizardcoder.storage.files import disk_errors, write_json_lines, write_text
from wizardcoder.storage.rows import Json, to_json
from wizardcoder.storage.stages import Identity, read_manifest


class Earlier(NamedTuple):
    """What an earlier execution left at a stage folder's place, and whether it was finished."""

    identity: Json
    finished: bool


def earlier(path: Path) -> Earlier | None:
    """What an earlier execution left; None where there is nothing that says what it is."""
    if (path / "manifest.json").is_file():
        return Earlier(read_manifest(path)["identity"], finished=True)
    unfinished = _partial(path) / "identity.json"
    try:
        return Earlier(json.loads(unfinished.read_text(encoding="utf-8")), finished=False)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def sign(path: Path, identity: Identity) -> None:
    """Give the unfinished folder of `path`, with its shards, to another identity."""
    _sign(_partial(path), identity)


def reopen(
    path: Path, identity: Identity, shard: str, rows: Iterable[object], *, keep: bool
) -> None:
    """Turn the finished folder `path` back into an unfinished one, with `rows` in a shard.

    `keep`: it is left aside, as `--force` leaves it, since it holds what the rows do not. The rows
    are written before the old folder's name goes: a kill in between repeats this and loses nothing.
    """
    fresh, partial = path.with_name(f".{path.name}.reopened"), _partial(path)
    with disk_errors(path):
        for stale in (fresh, partial):
            shutil.rmtree(stale, ignore_errors=True)
        fresh.mkdir()
        write_json_lines(fresh / f"{shard}.jsonl", map(to_json, rows))
        _sign(fresh, identity)
        fresh.rename(partial)
        aside = path.with_name(f"{path.name}.old-{time.strftime('%Y%m%d-%H%M%S')}")
        path.rename(aside)
        if not keep:
            shutil.rmtree(aside)


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def _sign(folder: Path, identity: Identity) -> None:
    write_text(folder / "identity.json", json.dumps(identity.as_json(), indent=2) + "\n")
