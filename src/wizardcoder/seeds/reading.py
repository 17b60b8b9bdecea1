"""Rows as seeds: what can be one becomes a record, what cannot is kept with the rule against it."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from wizardcoder.errors import InputError
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.files import Row, Torn, read_rows
from wizardcoder.seeds.formats import (
    FORMATS,
    Columns,
    Draft,
    Lineage,
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


class Manner(NamedTuple):
    """How rows are read.

    `lenient`: a piece of a file that cannot be read is rejected like a row that can be no seed, and
    every row may be in a format of its own; else both are an InputError. `lineage`: rows of this
    project's own tables stay the records that they are, instead of becoming seeds.
    """

    format: Format = "auto"
    columns: Columns = Columns()
    lenient: bool = False
    lineage: bool = False


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
    name = stem(path)
    rows = read_rows(path)
    origin = Origin(name, name, licence, str(path))
    reading = read(rows, origin, format=format, columns=columns, count=count)
    deque(rows, maxlen=0)  # a file that is broken further down is not half read
    return reading


def stem(path: Path) -> str:
    """The name of a seed file without its endings.

    >>> stem(Path("data/alpaca.jsonl.gz"))
    'alpaca'
    """
    return Path(path.name.removesuffix(".gz")).stem


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
    reading = Reading([], [])
    for row in records_of(rows, origin, Manner(format, columns or Columns())):
        if isinstance(row, Rejected):
            reading.rejected.append(row)
            continue
        reading.records.append(row)
        if len(reading.records) == count:
            break
    if not reading.records:
        raise no_seeds(reading.rejected, origin.place)
    return reading


def records_of(
    pieces: Iterable[Row | Torn], origin: Origin, manner: Manner
) -> Iterator[Record | Rejected]:
    """What becomes of each row, in order; what is torn is rejected.

    Raises InputError for rows of different formats, if not `lenient`.
    """
    draft = _drafter(manner, origin.place)
    for number, piece in enumerate(pieces, 1):
        seed_id = f"{origin.name}/{number:06d}"
        if isinstance(piece, Torn):
            yield _rejected(piece.text, piece.rule, piece.error, seed_id, origin)
            continue
        try:
            yield _record(draft(piece), seed_id, origin, manner.lineage)
        except RowFault as fault:
            yield _reject(piece, fault, seed_id, origin)


def _drafter(manner: Manner, place: str) -> Callable[[Row], Draft]:
    """What reads every row; with `auto` in the format of the first one that has a format."""
    format, columns, lenient, _ = manner
    if format == "auto" and columns != Columns():
        format = "alpaca"  # whoever names columns has said that there are some
    if format != "auto":
        read_value = reader(format, columns)
        return lambda row: read_value(row.value)
    readers = {name: reader(name, columns) for name in FORMATS}
    first: tuple[str, int] | None = None

    def draft(row: Row) -> Draft:
        nonlocal first
        found = format_of(row.value, columns)
        first = first or (found and (found, row.line)) or None
        if first and found not in (None, first[0]) and not lenient:
            raise _mixed(row.line, str(found), first, place)
        return readers[(found if lenient else None) or (first[0] if first else "alpaca")](row.value)

    return draft


def _mixed(line: int, found: str, first: tuple[str, int], place: str) -> InputError:
    return InputError(
        place,
        line=line,
        problem=f"is a row in the format {found}, while line {first[1]} is in {first[0]}",
        mend="give each format a file of its own, or name the one to read with seeds.format",
    )


def _record(draft: Draft, seed_id: str, origin: Origin, lineage: bool) -> Record:
    own = draft.lineage if lineage and draft.lineage else Lineage.of_seed(seed_id)
    provenance = _provenance(draft, origin)
    return Record(
        id=own.id,
        seed_id=own.seed_id,
        round=own.round,
        parent_id=own.parent_id,
        operation=own.operation,
        instruction=draft.instruction,
        input=draft.input,
        response=draft.response,
        source=provenance.source,
        licence=provenance.licence,
        teacher=provenance.teacher,
        teacher_terms=provenance.teacher_terms,
        system=draft.system,
        turns=draft.turns,
        language=own.language,
        judge=own.judge,
        verification=own.verification,
        tries=own.tries,
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
    return _rejected(_as_json(row.value), fault.rule, error, seed_id, origin)


def _rejected(text: str, rule: str, error: InputError, seed_id: str, origin: Origin) -> Rejected:
    seed = _record(Draft(_encodable(text)), seed_id, origin, lineage=False)
    return Rejected.of(seed, rule, _encodable(str(error)))


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return str(type(value))  # as deep as could just be read


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def no_seeds(rejected: Sequence[Rejected], place: str) -> InputError:
    """The error of a source without a single seed."""
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
