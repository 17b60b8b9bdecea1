"""The export stage: records out as files that others read, with the data set's card beside them.

A folder holds `train.parquet` or `train.jsonl`, README.md (the card) and manifest.json; it appears
whole or not at all. The same records give the same bytes.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wizardcoder.errors import RunLockedError, UsageError
from wizardcoder.export import licences
from wizardcoder.export.card import Origin, card, unknown_records
from wizardcoder.export.formats import Format, fits, line
from wizardcoder.export.selection import Contents, Selection
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Record
from wizardcoder.storage import (
    Identity,
    Json,
    disk_errors,
    open_stage,
    write_parquet,
    write_text,
)

#: The stage's name in the identity of an exported data set.
STAGE = "export"
CARD = "README.md"
_SOURCES_NAMED = 3
_RECORDS_PER_REPORT = 1000


def run_stage(
    path: Path,
    selection: Selection,
    format: Format,
    origin: Origin,
    *,
    identity: Identity,
    allow_unknown: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write the records of `selection` into the folder `path`; returns the manifest.

    Raises UsageError when there are none, or when the licence of some is unknown and not
    `allow_unknown`.
    """
    contents = selection.contents()
    if not contents.records:
        raise UsageError(f"{origin.name}: there is nothing to export: no record is selected")
    if not allow_unknown:
        refuse_unknown(contents)
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        file = "train.parquet" if format == "parquet" else "train.jsonl"
        with _only_writer(stage.partial / file), disk_errors(stage.partial):
            cut = _write(stage.partial / file, selection, contents.records, format, progress)
            write_text(stage.partial / CARD, card(origin, contents, file=file, cut=cut))
            return stage.finish({}, counts=_counts(contents, cut), files=(file, CARD))


def refuse_unknown(contents: Contents) -> None:
    """Raise UsageError when the licence of any record is unknown, naming their sources."""
    if not (unknown := unknown_records(contents)):
        return
    sources = [
        f"{source!r}: {records:,}"
        for (source, licence), records in contents.sources.most_common()
        if licences.is_unknown(licence)
    ]
    more = f" and {len(sources) - _SOURCES_NAMED} more" if len(sources) > _SOURCES_NAMED else ""
    raise UsageError(
        f"the licence of {unknown:,} of {contents.records:,} records is unknown (source "
        f"{', '.join(sources[:_SOURCES_NAMED])}{more}); read the seeds with --set seeds.licence=…, "
        "or say --allow-unknown-licence"
    )


@contextmanager
def _only_writer(file: Path) -> Iterator[None]:
    """Hold a file that is about to be written; the system lets go of it when the process ends."""
    with disk_errors(file):
        handle = file.open("ab")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLockedError(
                f"{file.parent}: another process is writing this export; wait for it, or name "
                "another folder with --out"
            ) from None
        yield


def _write(
    path: Path, records: Iterable[Record], total: int, format: Format, progress: Progress
) -> int:
    """Write the records; returns how many a format holds in part only."""
    cut = 0

    def passing() -> Iterator[Record]:
        nonlocal cut
        for number, record in enumerate(records, 1):
            cut += not fits(record, format)
            yield record
            if number % _RECORDS_PER_REPORT == 0 or number == total:
                progress(number, total, "")

    if format == "parquet":
        write_parquet(path, Record, passing())
    else:
        with path.open("wb") as file:
            file.writelines(line(record, format) for record in passing())
    return cut


def _counts(contents: Contents, cut: int) -> Json:
    return {
        "records": contents.records,
        "cut": cut,
        "licences": dict(sorted(contents.licences.items())),
        "unknown_licence": unknown_records(contents),
    }
