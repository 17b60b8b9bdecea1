"""Rows as seeds: what can be one becomes a record, what cannot is kept with the rule against it."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from wizardcoder.errors import InputError
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.files import Row, read_rows
from wizardcoder.seeds.formats import (
    Columns,
    Draft,
    Provenance,
    RowFault,
    format_of,
    reader,
)

Format = Literal["auto", "alpaca", "sharegpt", "chat"]


class Reading(NamedTuple):
    """The outcome of reading: rows = records + rejected, both in the order of the source.

    The instruction of a rejected row is the row itself, as JSON; its detail names the place.
    """

    records: list[Record]
    rejected: list[Rejected]


class Origin(NamedTuple):
    """Where rows come from: the name that begins their ids, and what every record says of it."""

    name: str
    source: str
    licence: str
    place: str  # in messages: a path, or a data set with its split


def read_file(
    path: Path,
    *,
    format: Format = "auto",
    columns: Columns | None = None,
    licence: str = "unknown",
    count: int | None = None,
) -> Reading:
    """The first `count` seeds (None: all) of a JSON, JSONL or Parquet file, `round` 0.

    Raises InputError naming file and line where the file cannot be read (also beyond `count`),
    mixes formats, or holds no seed; MissingDataError when there is no such file.
    """
    name = Path(path.name.removesuffix(".gz")).stem
    rows = read_rows(path)
    origin = Origin(name, name, licence, str(path))
    reading = read(rows, origin, format=format, columns=columns, count=count)
    deque(rows, maxlen=0)  # a file that is broken further down is not half read
    return reading


def read(
    rows: Iterable[Row],
    origin: Origin,
    *,
    format: Format = "auto",
    columns: Columns | None = None,
    count: int | None = None,
) -> Reading:
    """The first `count` seeds among rows. A seed's id is the origin's name and the row's number.

    Raises InputError where rows are of different formats, or none can be a seed.
    """
    columns = columns or Columns()
    draft = _drafter(format, columns, origin.place)
    reading = Reading([], [])
    for number, row in enumerate(rows, 1):
        seed_id = f"{origin.name}/{number:06d}"
        try:
            reading.records.append(_seed(draft(row), seed_id, origin))
        except RowFault as fault:
            reading.rejected.append(_reject(row, fault, seed_id, origin))
        if len(reading.records) == count:
            break
    if not reading.records:
        raise _no_seeds(reading.rejected, origin.place)
    return reading


def _drafter(format: Format, columns: Columns, place: str) -> Callable[[Row], Draft]:
    """What reads every row; with `auto` in the format of the first one that has a format."""
    if format != "auto":
        read_value = reader(format, columns)
        return lambda row: read_value(row.value)
    if columns != Columns():  # whoever names columns has said that there are some
        return _drafter("alpaca", columns, place)
    first: tuple[str, int] | None = None

    def draft(row: Row) -> Draft:
        nonlocal first
        found = format_of(row.value, columns)
        first = first or (found and (found, row.line)) or None
        if first and found not in (None, first[0]):
            raise _mixed(row.line, str(found), first, place)
        return reader(first[0] if first else "alpaca", columns)(row.value)

    return draft


def _mixed(line: int, found: str, first: tuple[str, int], place: str) -> InputError:
    return InputError(
        place,
        line=line,
        problem=f"is a row in the format {found}, while line {first[1]} is in {first[0]}",
        mend="give each format a file of its own, or name the one to read with seeds.format",
    )


def _seed(draft: Draft, seed_id: str, origin: Origin) -> Record:
    return Record(
        id=seed_id,
        seed_id=seed_id,
        round=0,
        parent_id=None,
        operation=None,
        instruction=draft.instruction,
        input=draft.input,
        response=draft.response,
        system=draft.system,
        turns=draft.turns,
        **_provenance(draft, origin)._asdict(),
    )


def _provenance(draft: Draft, origin: Origin) -> Provenance:
    """The row's own where it has one: no licence is washed off by reading a table again."""
    own = draft.provenance
    if own is None:
        return Provenance(origin.source, origin.licence, "", "")
    return own._replace(licence=origin.licence) if own.licence == "unknown" else own


def _reject(row: Row, fault: RowFault, seed_id: str, origin: Origin) -> Rejected:
    error = InputError(
        origin.place, line=row.line, field=fault.field, value=fault.value, problem=fault.problem
    )
    seed = _seed(Draft(_as_json(row.value)), seed_id, origin)
    return Rejected.of(seed, fault.rule, _encodable(str(error)))


def _as_json(value: Any) -> str:
    return _encodable(json.dumps(value, ensure_ascii=False, default=str))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _no_seeds(rejected: list[Rejected], place: str) -> InputError:
    if not rejected:
        return InputError(place, problem="holds no seeds")
    rules = Counter(row.rule for row in rejected)
    tally = ", ".join(f"{times} {rule}" for rule, times in rules.most_common())
    return InputError(
        place,
        problem=f"holds no seeds: every row is rejected ({tally}); the first: {rejected[0].detail}",
        mend=_MENDS.get(rejected[0].rule, ""),
    )


#: What helps where a rule rejects every row.
_MENDS = {
    "no_instruction": "a column by another name is named with "
    "--set seeds.options.instruction=NAME, its answer with --set seeds.options.response=NAME",
    "no_response": "an answer by another name is named with --set seeds.options.response=NAME; "
    "rows of instructions only are read with --set seeds.options.response=''",
}
