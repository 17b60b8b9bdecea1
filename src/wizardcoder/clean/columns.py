"""The text of a table of records, as Arrow strings and as the arrays that kernels read.

A table has the columns of `Record`. What duplicates and contamination look at is the question, a
line break and the response; a question is the instruction, and after a line break the input if
there is one. Nothing is trimmed here: what counts as white space is what `shingles` says, the bytes
up to 0x20 and 0x7F. `texts` are as the records have them, what is compared is as `characters` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.characters import compared

if TYPE_CHECKING:
    import pyarrow as pa

Number = TypeVar("Number", bound=np.generic)

#: The columns that the text of a row is made of.
TEXT = ("instruction", "input", "response")
#: Tables are read in portions of so many rows: small enough for a cache, large enough for a call.
PORTION_ROWS = 2048
_PIECE_ROWS = 1 << 15


class Texts(NamedTuple):
    """UTF-8 texts, one after the other: text i is `data[offsets[i] : offsets[i + 1]]`.

    Both are read-only views of Arrow's memory, which they keep alive.
    """

    data: NDArray[np.uint8]  # (bytes,)
    offsets: NDArray[np.int64]  # (texts + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, array: pa.LargeStringArray) -> Texts:
        """The memory of an Arrow array without nulls; nothing is copied."""
        _, offsets, data = array.buffers()
        return cls(
            _view(data, np.uint8),
            _view(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
            if len(array)
            else _view(None, np.int64, 1),
        )


def texts(table: pa.Table) -> pa.LargeStringArray:
    """Question and response of every row, a line break between them."""
    return _joined(questions(table), strings(table, "response"), "\n")


def compared_texts(table: pa.Table) -> Texts:
    """The texts of every row as they are compared."""
    return Texts.of(compared(texts(table)))


def divided_texts(table: pa.Table) -> tuple[Texts, NDArray[np.int64]]:
    """As `compared_texts`, and the byte of each where the response begins."""
    import pyarrow.compute as pc

    asked = compared(questions(table))
    joined = _joined(asked, compared(strings(table, "response")), "\n")
    lengths = pc.binary_length(asked)
    return Texts.of(joined), _view(lengths.buffers()[1], np.int64)[: len(asked)] + 1


def questions(table: pa.Table) -> pa.LargeStringArray:
    """The instruction of every row with its input: `Record.question`."""
    import pyarrow.compute as pc

    given = strings(table, "input")
    broken = _joined(pc.if_else(pc.equal(given, ""), "", "\n").cast(given.type), given, "")
    return _joined(strings(table, "instruction"), broken, "")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table where they stand: no more of their texts is copied than is asked for.

    `places`: which rows of the table, ascending; None: all. Others count from 0 within them.
    """

    table: pa.Table
    places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.table) if self.places is None else len(self.places)

    def chosen(self, rows: NDArray[np.int64], names: Sequence[str]) -> pa.Table:
        """Some columns of some of the rows, in the order of `rows`."""
        return chosen(self.table, rows if self.places is None else self.places[rows], names)

    def portion(self, first_row: int, rows: int, names: Sequence[str]) -> pa.Table:
        """Some columns of so many of the rows, or of all that follow the first."""
        if self.places is None:
            return self.table.select(names).slice(first_row, rows)
        return chosen(self.table, self.places[first_row : first_row + rows], names)


def chosen(table: pa.Table, rows: NDArray[np.int64], names: Sequence[str]) -> pa.Table:
    """Some rows of some columns, in the order of `rows`."""
    import pyarrow as pa

    if not len(rows):
        return table.select(names).slice(0, 0)
    first, last = int(rows.min()), int(rows.max())
    within = rows - first  # Arrow copies all of what it takes from: let that be a slice
    # made of the memory itself: pa.array would import pandas where that is installed
    places = pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(within)])
    return table.select(names).slice(first, last - first + 1).take(places)


def where(table: pa.Table, mask: NDArray[np.bool_]) -> pa.Table:
    """The rows of a table for which a mask holds, (rows,); it needs no memory beside them.

    Arrow's own filter takes twice what it returns for a while, if the table is in one piece.
    """
    import pyarrow as pa

    pieces = (
        piece.filter(pa.array(mask[start : start + len(piece)]))
        for start, piece in portions(table, _PIECE_ROWS)
    )
    return pa.concat_tables([table.slice(0, 0), *pieces])


def portions(table: pa.Table, rows: int) -> Iterator[tuple[int, pa.Table]]:
    """Slices of a table, each with the row that it begins at."""
    for start in range(0, table.num_rows, rows):
        yield start, table.slice(start, rows)


def _joined(
    left: pa.LargeStringArray, right: pa.LargeStringArray, separator: str
) -> pa.LargeStringArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(left, right, pa.scalar(separator, pa.large_string()))


def strings(table: pa.Table, name: str) -> pa.LargeStringArray:
    """A column in one piece; a null is an empty text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name).cast(pa.large_string()).combine_chunks()
    return pc.fill_null(column, "") if column.null_count else column


def _view(buffer: pa.Buffer | None, kind: type[Number], least: int = 0) -> NDArray[Number]:
    view = np.zeros(least, kind) if buffer is None else np.frombuffer(buffer, kind)
    view.flags.writeable = False  # one type for the kernels, whoever owns the memory
    return view
