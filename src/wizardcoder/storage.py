"""Stage folders: appended while a stage works, compacted and renamed when it is done.

    NAME.partial/   identity.json, JSONL shards appended as results come
    NAME/           manifest.json, Parquet tables

A folder belongs to one identity: options, input hashes and format version. Opening it with the same
identity resumes it, or finds it complete; with another one it is refused, unless `force` moves the
old folder aside. Nothing here knows what the rows mean.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_type_hints

from wizardcoder.errors import InputError, RunLockedError, StageConflictError, StorageError

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1
_TABLES = frozenset({".parquet", ".safetensors"})
_DISK_ERRORS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
        *(errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG),
        *(errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
    }
)
Row = TypeVar("Row")
Json = dict[str, Any]


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


class Shard:
    """A JSONL file that rows are appended to; `append` returns when the system has the row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors(path):
            self._file = path.open("ab", buffering=0)  # a full disk must leave no buffer behind

    def append(self, row: object) -> None:
        line = memoryview(json.dumps(to_json(row)).encode() + b"\n")
        whole = self._file.tell()
        with disk_errors(self.path):
            try:
                while line:
                    line = line[self._file.write(line) :]
            except OSError:
                with suppress(OSError):
                    self._file.truncate(whole)  # a later row must not continue half of this one
                raise

    def close(self) -> None:
        with disk_errors(self.path):
            self._file.close()


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
        path = self._partial / f"{name}.jsonl"
        if not path.exists():
            return []
        _drop_torn_line(path)
        return list(read_jsonl(path, row_type))

    def finish(
        self,
        tables: Mapping[str, tuple[type[Any], Iterable[Any]]],
        *,
        counts: Mapping[str, Any],
        cost: Mapping[str, Any] | None = None,
    ) -> Json:
        """Write the Parquet tables and the manifest, drop the shards, rename the folder.

        `tables` maps a file stem to the row type and the rows, in their final order.
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
                    p.name: sha256(p) for p in sorted(partial.iterdir()) if p.suffix in _TABLES
                },
                "counts": dict(counts),
                "seconds": round(time.monotonic() - self._started, 3),
                "cost": dict(cost or {}),
                "versions": {n: version(n) for n in ("wizardcoder", "pyarrow", "numpy")},
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


def begun(path: Path) -> bool:
    """Whether a stage folder holds anything that was made, finished or not."""
    partial = path.with_name(path.name + ".partial")
    return path.exists() or (partial.is_dir() and not _holds_nothing(partial))


def read_manifest(folder: Path) -> Json:
    """The manifest of a finished stage folder. Raises InputError when there is none."""
    path = folder / "manifest.json"
    try:
        loaded: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            folder, problem="is not a finished stage folder: it has no manifest.json"
        ) from None
    return loaded


def input_hashes(folders: Mapping[str, Path]) -> dict[str, str]:
    """`{name/file: sha256}` of the tables of finished stage folders, for an Identity."""
    return {
        f"{name}/{file}": digest
        for name, folder in folders.items()
        for file, digest in read_manifest(folder)["files"].items()
    }


# Rows


def to_json(row: object) -> object:
    """A row as JSON: a dataclass becomes an object with its fields in order."""
    if hasattr(row, "__dataclass_fields__"):
        return {f.name: getattr(row, f.name) for f in fields(row)}  # type: ignore[arg-type]
    return row


def read_jsonl(path: Path, row_type: type[Row]) -> Iterator[Row]:
    """The rows of a JSONL file that this project wrote. Raises InputError with file and line."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield from_json(json.loads(line), row_type)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(
                    path, line=number, problem=f"is not a {row_type.__name__}: {error}"
                ) from None


def from_json(row: Json, row_type: type[Row]) -> Row:
    """The row of a dataclass type that a JSON object holds. Raises TypeError on other keys."""
    enums = _enum_fields(row_type)  # type: ignore[arg-type]
    return row_type(**{k: enums[k](v) if k in enums else v for k, v in row.items()})


def write_parquet(path: Path, row_type: type[Row], rows: Iterable[Row]) -> None:
    """Write rows of a dataclass type; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(rows)
    names = [f.name for f in fields(row_type)]  # type: ignore[arg-type]
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    table = pa.Table.from_pydict(columns, schema=_schema(row_type))
    pq.write_table(table, path, compression="zstd")


def read_parquet(path: Path, row_type: type[Row]) -> list[Row]:
    """The rows of a Parquet table. Raises InputError when the file or a column is missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise InputError(path, problem="does not exist") from None
    except pa.ArrowInvalid as error:
        raise InputError(path, problem=f"is not a Parquet file: {error}") from None
    names = [f.name for f in fields(row_type)]  # type: ignore[arg-type]
    if missing := sorted(set(names) - set(table.column_names)):
        raise InputError(path, problem=f"lacks the columns {', '.join(missing)}")
    return [from_json(row, row_type) for row in table.select(names).to_pylist()]


# Files


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with disk_errors(path):
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(*parts: object) -> str:
    """The SHA-256 of some values, as a hexadecimal text: the source of every random choice."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a disk that is full or refuses to write into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        mend = "make room, or choose another place, and run the same command again"
        if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG}:
            mend = "a file or folder of that name stands in the way, or the name is too long"
        raise StorageError(
            f"{path}: cannot write: {os.strerror(error.errno)}; what was finished is kept: {mend}"
        ) from None


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Hold the one writer's lock of a run folder. Raises RunLockedError naming the holder.

    The system releases it when the process ends, however it ends.
    """
    with disk_errors(run):
        run.mkdir(parents=True, exist_ok=True)
        file = (run / ".lock").open("a+b", buffering=0)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunLockedError(
                f"{run}: another process is writing this run ({file.read().decode().strip()}); "
                "wait for it, or choose another run folder with --out"
            ) from None
        with disk_errors(run):
            file.truncate(0)
            holder = f"process {os.getpid()} on {socket.gethostname()} since {time.ctime()}"
            file.write(holder.encode())
        yield


def _drop_torn_line(path: Path) -> None:
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


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
    """Whether an unfinished folder holds no row of a shard, nor anything else that was made."""
    return all(
        path.name.startswith(".") or path.name == "identity.json" or path.stat().st_size == 0
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


@cache
def _enum_fields(row_type: object) -> dict[str, type[Any]]:
    hints = get_type_hints(row_type)
    return {k: t for k, t in hints.items() if isinstance(t, type) and issubclass(t, StrEnum)}


def _schema(row_type: type[Any]) -> pa.Schema:
    import pyarrow as pa

    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    hints = get_type_hints(row_type)
    names: Sequence[str] = [f.name for f in fields(row_type)]
    return pa.schema(
        [pa.field(n, types.get(hints[n], pa.string()), _optional(hints[n])) for n in names]
    )


def _optional(hint: object) -> bool:
    return type(None) in getattr(hint, "__args__", ())
