"""Seed files as a stage: rows go from the files to the stage's tables as they are read."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wizardcoder.errors import UsageError
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.files import Row, Torn, read_pieces, read_rows
from wizardcoder.seeds.formats import format_of
from wizardcoder.seeds.reading import Manner, Origin, Reading, no_seeds, records_of, stem
from wizardcoder.seeds.stage import manifest_counts
from wizardcoder.storage import Identity, Json, open_stage

_ROWS_PER_REPORT = 1000
_AS_SEEDS = Manner()


@dataclass(frozen=True, slots=True)
class SeedFiles:
    """Seed files, one after the other, and how they are read. `count`: the first so many seeds."""

    paths: Sequence[Path]
    licence: str = "unknown"
    count: int | None = None
    manner: Manner = _AS_SEEDS


def read_files(files: SeedFiles) -> Reading:
    """The seeds of some files. Raises as `run_file_stage`."""
    reading = Reading([], [])
    reading.records.extend(_seeds(files, reading.rejected, silent))
    return reading


def run_file_stage(
    path: Path,
    files: SeedFiles,
    *,
    identity: Identity,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write the seeds of some files into the stage folder `path`; returns the manifest.

    Memory: that of a group of rows and of all rejected ones. Raises InputError naming file and line
    where a file is not read leniently and cannot be read, or where no file holds a seed;
    MissingDataError when there is no such file.
    """
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        rejected: list[Rejected] = []
        licences = Counter[str]()
        seeds = _counted(_seeds(files, rejected, progress), licences)
        return stage.finish(
            {"records": (Record, seeds), "rejected": (Rejected, rejected)},
            counts=lambda: manifest_counts(licences, rejected),
        )


def _counted(seeds: Iterator[Record], licences: Counter[str]) -> Iterator[Record]:
    for seed in seeds:
        licences[seed.licence] += 1
        yield seed


def _seeds(files: SeedFiles, rejected: list[Rejected], progress: Progress) -> Iterator[Record]:
    """The seeds in their order; the rejected rows between them are added to `rejected`."""
    found = 0
    for path, name in zip(files.paths, names_of(files.paths), strict=True):
        pieces = _pieces(path, files.manner)
        for row in records_of(
            pieces, Origin(name, stem(path), files.licence, str(path)), files.manner
        ):
            if isinstance(row, Rejected):
                rejected.append(row)
                continue
            found += 1
            yield row
            if found % _ROWS_PER_REPORT == 0:
                progress(found, None, f"{len(rejected)} rejected")
            if found == files.count:
                break
        deque(pieces, maxlen=0)  # a file that is broken further down is not half read
        if found == files.count:
            break
    if not found:
        raise no_seeds(rejected, ", ".join(map(str, files.paths)))
    progress(found, found, f"{len(rejected)} rejected")


def _pieces(path: Path, manner: Manner) -> Iterator[Row | Torn]:
    if manner.lenient:
        return read_pieces(path, partial(_has_format, manner))
    return read_rows(path)


def _has_format(manner: Manner, value: object) -> bool:
    return format_of(value, manner.columns) is not None


def names_of(paths: Sequence[Path]) -> list[str]:
    """What the ids of each file's seeds begin with: its name, and as much of its folders as it
    takes to tell files of one name apart.

    Raises UsageError when a file is named twice.

    >>> names_of([Path("a.json"), Path("x/b.json"), Path("y/b.json")])
    ['a', 'x/b', 'y/b']
    """
    whole = [path.resolve() for path in paths]
    for place, path in enumerate(whole):
        if path in whole[:place]:
            raise UsageError(f"{paths[place]}: is named twice")
    names = [stem(path) for path in whole]
    if len({path.with_name(name) for path, name in zip(whole, names, strict=True)}) < len(whole):
        names = [path.name for path in whole]  # a.json and a.jsonl in one folder
    folders = [path.parent.parts for path in whole]
    for depth in range(1, max(map(len, folders), default=0) + 1):
        shared = {name for name, times in Counter(names).items() if times > 1}
        if not shared:
            break
        names = [
            "/".join([*folder[-depth:], name.rpartition("/")[2]]) if name in shared else name
            for folder, name in zip(folders, names, strict=True)
        ]
    return names
