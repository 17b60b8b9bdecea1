"""Stage folders: appended while a stage works, compacted and renamed when it is done.

    NAME.partial/   identity.json, JSONL shards appended as results come
    NAME/           manifest.json, Parquet tables

A folder belongs to one identity: options, input hashes and format version. Opening it with the same
identity resumes it, or finds it complete; with another one it is refused, unless `force` moves the
old folder aside. Nothing here knows what the rows mean.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wizardcoder.errors import InputError, StageConflictError
from wizardcoder.storage.files import disk_errors, sha256, write_text
from wizardcoder.storage.rows import Json, Row, Shard, drop_torn_line, locate_jsonl
from wizardcoder.storage.tables import write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 2
_PACKAGES = ("wizardcoder", "pyarrow", "numpy")
_TABLES = frozenset({".parquet", ".safetensors"})


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two executions of a stage the same: its options and the hashes of its inputs."""

    stage: str
    options: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> Json:
        table = {
            "stage": self.stage,
            "format_version": FORMAT_VERSION,
            "options": dict(self.options),
            "inputs": dict(self.inputs),
        }
        loaded: Json = json.loads(json.dumps(table, sort_keys=True))  # tuples become lists
        return loaded


class Stage:
    """One stage folder, open for resuming or found complete. Use `open_stage`."""

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self.identity = identity
        self._partial = path.with_name(path.name + ".partial")
        self._shards: list[Shard] = []
        self._started = time.monotonic()

    @property
    def complete(self) -> bool:
        """Whether an earlier execution with this identity finished: nothing to do.

        Raises InputError when a file that it made is gone.
        """
        if not (self.path / "manifest.json").exists():
            return False
        for name in self.manifest["files"]:
            if not (self.path / name).exists():
                raise InputError(
                    self.path / name,
                    problem="is gone from a finished stage",
                    mend=f"remove the folder {self.path} to make it anew",
                )
        return True

    @property
    def manifest(self) -> Json:
        return read_manifest(self.path)

    @property
    def partial(self) -> Path:
        """The unfinished folder, made when it is first asked for: bad input leaves nothing."""
        if not (self._partial / "identity.json").exists():
            with disk_errors(self._partial):
                self._partial.mkdir(parents=True, exist_ok=True)
                text = json.dumps(self.identity.as_json(), indent=2) + "\n"
                write_text(self._partial / "identity.json", text)
        return self._partial

    def shard(self, name: str) -> Shard:
        """The shard `NAME.jsonl` of the unfinished folder, open for appending."""
        shard = Shard(self.partial / f"{name}.jsonl")
        self._shards.append(shard)
        return shard

    def resume(self, name: str, row_type: type[Row]) -> list[Row]:
        """The rows that an interrupted execution left in a shard; a torn last line is dropped."""
        return [row for _, row in self.located(name, row_type)]

    def located(self, name: str, row_type: type[Row]) -> Iterator[tuple[int, Row]]:
        """What `resume` returns, a row at a time, each with the byte of the shard it begins at."""
        path = self._partial / f"{name}.jsonl"
        if path.exists():
            drop_torn_line(path)
            yield from locate_jsonl(path, row_type)

    def finish(
        self,
        tables: Mapping[str, tuple[type[Any], Iterable[Any] | pa.Table]],
        *,
        counts: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        cost: Mapping[str, Any] | None = None,
        files: Iterable[str] = (),
        packages: Iterable[str] = (),
    ) -> Json:
        """Write the Parquet tables and the manifest, drop the shards, rename the folder.

        `tables` maps a file stem to the row type and the rows (or Arrow columns) in their final
        order. Rows may be made as they are asked for; `counts` that are known only then are a
        function. `files` names what else the stage has made there, besides tables and checkpoints;
        `packages` those whose versions matter, besides the ones that always do.
        """
        shards = [shard.path.stem for shard in self._shards]
        self.close()
        partial = self.partial
        with disk_errors(partial):
            for name, (row_type, rows) in tables.items():
                write_parquet(partial / f"{name}.parquet", row_type, rows)
            manifest = {
                "identity": self.identity.as_json(),
                "files": {
                    name: sha256(partial / name)
                    for name in sorted({*files, *_names_of_tables(partial)})
                },
                "counts": dict(counts() if callable(counts) else counts),
                "seconds": round(time.monotonic() - self._started, 3),
                "cost": dict(cost or {}),
                "versions": {n: version(n) for n in (*_PACKAGES, *packages)},
            }
            write_text(partial / "manifest.json", json.dumps(manifest, indent=2) + "\n")
            partial.rename(self.path)
            for name in ("identity.json", *(f"{shard}.jsonl" for shard in shards)):
                (self.path / name).unlink(missing_ok=True)
        return manifest

    def close(self) -> None:
        for shard in self._shards:
            shard.close()
        self._shards.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_stage(path: Path, identity: Identity, *, force: bool = False) -> Stage:
    """The stage folder at `path`: complete, resumed, or begun.

    Raises StageConflictError when the folder was made with another identity and not `force`.
    """
    stage = Stage(path, identity)
    partial = path.with_name(path.name + ".partial")
    for folder, file in ((path, "manifest.json"), (partial, "identity.json")):
        if folder.exists():
            _settle(folder, _stored_identity(folder / file), identity, force=force)
    return stage


def adopt(ready: Path, path: Path, identity: Identity) -> None:
    """Copy the finished stage folder `ready` to `path`, if it is what is wanted there.

    Nothing happens where `path` has something already, or where `ready` has another identity.
    """
    stored = _stored_identity(ready / "manifest.json")
    if stored != identity.as_json() or begun(path):
        return
    fresh = path.with_name(f".{path.name}.adopted")
    with disk_errors(path):
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(ready, fresh)
        fresh.rename(path)


def is_free(path: Path, identity: Identity) -> bool:
    """Whether opening the folder with this identity would neither be refused nor find it done."""
    partial = path.with_name(path.name + ".partial")
    if (path / "manifest.json").exists() or (path.exists() and not path.is_dir()):
        return False
    stored = _stored_identity(partial / "identity.json")
    return not partial.exists() or stored == identity.as_json() or _holds_nothing(partial)


def begun(path: Path) -> bool:
    """Whether a stage folder holds anything that was made, finished or not."""
    partial = path.with_name(path.name + ".partial")
    return path.exists() or (partial.is_dir() and not _holds_nothing(partial))


def read_manifest(folder: Path) -> Json:
    """The manifest of a finished stage folder. Raises InputError when there is none."""
    path = folder / "manifest.json"
    try:
        loaded: Json = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            folder, problem="is not a finished stage folder: it has no manifest.json"
        ) from None
    except ValueError as error:
        raise InputError(path, problem=f"is not JSON: {error}") from None
    if not isinstance(loaded, dict) or not {"identity", "files", "counts"} <= loaded.keys():
        raise InputError(path, problem="is no manifest of a stage")
    return loaded


def input_hashes(folders: Mapping[str, Path]) -> dict[str, str]:
    """`{name/file: sha256}` of the tables of finished stage folders, for an Identity."""
    return {
        f"{name}/{file}": digest
        for name, folder in folders.items()
        for file, digest in read_manifest(folder)["files"].items()
    }


def _names_of_tables(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix in _TABLES]


def _stored_identity(path: Path) -> Json | None:
    try:
        stored: Json = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return stored.get("identity") if path.name == "manifest.json" else stored


def _settle(folder: Path, stored: Json | None, wanted: Identity, *, force: bool) -> None:
    """Leave `folder` as it is if it has the wanted identity, else move it aside or refuse."""
    if stored == wanted.as_json():
        return
    if folder.is_dir() and _holds_nothing(folder):
        shutil.rmtree(folder)  # stopped before it made anything
    elif force:
        aside = folder.with_name(f"{folder.name}.old-{time.strftime('%Y%m%d-%H%M%S')}")
        shutil.move(folder, aside)
    else:
        raise StageConflictError(
            f"{folder}: was made with other options or inputs ({_difference(stored, wanted)}); "
            "use --force to move it aside and begin anew, or --out for another folder"
        )


def _holds_nothing(folder: Path) -> bool:
    """Whether an unfinished folder holds no row of a shard, nor anything else that was made.

    Tables do not count: they are the last thing that a stage makes, and it makes them again.
    """
    tables = {".parquet"} if folder.suffix == ".partial" else set()
    return all(
        path.name.startswith(".")
        or path.name == "identity.json"
        or path.suffix in tables
        or path.stat().st_size == 0
        for path in folder.iterdir()
    )


def _difference(stored: Json | None, wanted: Identity) -> str:
    if stored is None:
        return "it has no identity that can be read"
    new = wanted.as_json()
    pairs = [
        f"{table}.{key}: {stored.get(table, {}).get(key)!r} → {new[table].get(key)!r}"
        for table in ("options", "inputs")
        for key in sorted({*stored.get(table, {}), *new[table]})
        if stored.get(table, {}).get(key) != new[table].get(key)
    ]
    return "; ".join(pairs[:3]) or "another stage or format version"
