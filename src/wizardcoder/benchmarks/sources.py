"""Where a benchmark's file is: named, in WIZARDCODER_DATA, in the cache, or at its public home."""

from __future__ import annotations

import hashlib
import io
import os
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from wizardcoder.errors import MissingDataError
from wizardcoder.storage import disk_errors

DATA_VARIABLE = "WIZARDCODER_DATA"
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A file and its public home, pinned by revision and by hash.

    `member`: the name of the file in the zip archive that `url` leads to, if it is one.
    """

    benchmark: str
    file: str
    url: str
    sha256: str
    member: str = ""


def locate(source: Source, data: Path | None = None) -> Path:
    """The file, fetched from its home when it is nowhere else.

    `data` is the file itself or a folder that holds it, directly or below `benchmarks/NAME/`.
    Raises MissingDataError saying where was looked and what mends it.
    """
    if data is None and (named := os.environ.get(DATA_VARIABLE)):
        data = Path(named)
    if data is not None:
        return _find(source, data)
    cached = cache_folder() / source.benchmark / source.file
    if not cached.exists():
        _fetch(source, cached)
    return cached


def cache_folder() -> Path:
    """Where fetched files are kept: $XDG_CACHE_HOME/wizardcoder, by default ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wizardcoder"


def _find(source: Source, data: Path) -> Path:
    if data.is_file():
        return data
    places = [data, data / source.benchmark, data / "benchmarks" / source.benchmark]
    plain = source.file.removesuffix(".gz")
    for place in places:
        for name in (source.file, plain):
            if (place / name).is_file():
                return place / name
    looked = ", ".join(str(place) for place in places) if data.is_dir() else "it does not exist"
    raise MissingDataError(
        f"{data}: holds no {source.file} ({looked}); name the file or its folder with --data or "
        f"{DATA_VARIABLE}, or leave both away to fetch it from {source.url}"
    )


def _command(source: Source, target: Path) -> str:
    """What fetches the file by hand."""
    if source.member:
        return f"mkdir -p {target.parent}; curl -L {source.url} | funzip > {target}"
    return f"curl -L --create-dirs -o {target} {source.url}"


def _fetch(source: Source, target: Path) -> None:
    try:
        with urllib.request.urlopen(source.url, timeout=_TIMEOUT_SECONDS) as reply:
            content = reply.read()
        if source.member:
            content = zipfile.ZipFile(io.BytesIO(content)).read(source.member)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise MissingDataError(
            f"{source.benchmark}: cannot fetch {source.url} ({error}); where there is a network: "
            f"{_command(source, target)} – or name the file with --data"
        ) from None
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise MissingDataError(
            f"{source.benchmark}: {source.url} has the SHA-256 {found}, not {source.sha256}; "
            "name a file that you trust with --data"
        )
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(target)
