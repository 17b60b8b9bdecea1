"""The table that cleaning works on: the columns of Record, sorted by (seed id, round, id).

The seeds of a file are `file/000001` and so on; `file/1000000` comes after `file/999999`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.errors import UsageError
from wizardcoder.records import Record
from wizardcoder.storage import read_table, to_table

if TYPE_CHECKING:
    import pyarrow as pa

ORDER = ("seed_id", "round", "id")
#: Row numbers are filled up with zeros to so many digits: a longer one would sort before them.
_DIGITS = 6
_LONG_NUMBER = re.compile(rf"/(\d{{{_DIGITS + 1},}})\b", re.ASCII)
#: Columns that may hold more than the 2 GiB that 32-bit offsets reach.
_LONG = frozenset({"instruction", "input", "response", "system"})


def read_rows(tables: Iterable[Path]) -> pa.Table:
    """The records of Parquet tables. Raises InputError as storage does, UsageError as `in_order`.

    Memory: what the texts take, and while they are put in order one column more.
    """
    import pyarrow as pa

    return in_order(pa.concat_tables([_roomy(read_table(path, Record)) for path in tables]))


def of_records(records: Sequence[Record]) -> pa.Table:
    """Records as such a table. Raises UsageError as `in_order`."""
    return in_order(_roomy(to_table(Record, records)))


def in_order(table: pa.Table) -> pa.Table:
    """The rows of a table in order. Raises UsageError when two have the same id."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = table.select(ORDER).combine_chunks()
    _check_ids(keys["id"])
    keys = keys.set_column(0, "seed_id", _by_number(keys["seed_id"].combine_chunks()))
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in ORDER])
    if np.array_equal(order, np.arange(len(table))):
        return table
    for place, field in enumerate(table.schema):  # a column at a time: one copy of one column
        column = table.column(place).combine_chunks().take(order)
        table = table.set_column(place, field, pa.chunked_array([column], field.type))
    return table


def _by_number(ids: pa.StringArray) -> pa.StringArray:
    """Keys for ids, whose order as texts is that of the rows; `:` comes after every digit.

    >>> import pyarrow as pa
    >>> _by_number(pa.array(["a/999999", "a/1000000"])).to_pylist()
    ['a/999999', 'a/:1000000']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    is_long = pc.match_substring_regex(ids, _LONG_NUMBER.pattern)
    if not pc.any(is_long).as_py():
        return ids
    marked = [_LONG_NUMBER.sub(_marked, text) for text in ids.filter(is_long).to_pylist()]
    return pc.replace_with_mask(ids, is_long, pa.array(marked, ids.type))


def _marked(number: re.Match[str]) -> str:
    return f"/{':' * (len(number[1]) - _DIGITS)}{number[1]}"


def _check_ids(ids: pa.ChunkedArray) -> None:
    import pyarrow.compute as pc

    if pc.count_distinct(ids).as_py() == len(ids):
        return
    tally = pc.value_counts(ids)
    twice = tally.filter(pc.greater(tally.field("counts"), 1)).field("values")
    raise UsageError(
        f"{len(twice)} record ids occur more than once, the first is {twice[0].as_py()!r}: "
        "every record needs an id of its own"
    )


def _roomy(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return table.cast(
        pa.schema(
            [
                field.with_type(pa.large_string()) if field.name in _LONG else field
                for field in table.schema
            ]
        )
    )
