"""The paper's way to find leaks: the records nearest to each problem, and the teacher's word.

Texts become vectors by an encoder (the mean of its last layer over a text's tokens, at length 1),
in portions: nothing is kept but the `nearest` so far. Whether a near record is the problem is for
the teacher to say; it is asked once more where it says neither, then the record is kept.
Source: arXiv 2306.08568, on decontamination; the prompt is our own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder import prompts
from wizardcoder.clean import columns, matching
from wizardcoder.clean.contamination import Problems
from wizardcoder.clean.hits import Hit, excerpt
from wizardcoder.errors import TeacherRefusedError
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Embedding

if TYPE_CHECKING:
    import pyarrow as pa

    from wizardcoder.records import Problem
    from wizardcoder.teacher import Teacher

TEACHER_MATCH, TEACHER_UNCLEAR = "teacher_match", "teacher_unclear"
#: So many characters of a record or a problem are embedded and shown; what follows is not.
MOST_CHARACTERS = 8000
_PORTION_ROWS = 1024

Vectors = NDArray[np.float32]
#: Unit vectors of texts, (texts, width).
Embed = Callable[[Sequence[str]], Vectors]
#: The recipe's teachers, with ledger and budget, while it is open; the first one is asked.
Asking = Callable[[], AbstractContextManager[Sequence["Teacher"]]]


@dataclass(frozen=True, slots=True)
class Reader:
    """What embeds, loaded when it is needed, and who judges."""

    load: Callable[[], Embed]
    asking: Asking


class Near(NamedTuple):
    """The rows nearest to each problem, the nearest first; among equals the first row.

    Both have the shape (problems, at most `nearest`).
    """

    rows: NDArray[np.int64]
    cosines: Vectors


class _Pair(NamedTuple):
    benchmark: str
    task_id: str
    row: int
    cosine: float
    problem: str
    record: str


def find(
    table: pa.Table,
    options: Embedding,
    problems: Problems,
    reader: Reader,
    *,
    progress: Progress = silent,
) -> list[Hit]:
    """What the teacher says is a problem, or neither says it is nor that it is not, by row.

    Raises what asking a teacher raises; what was answered is in the ledger.
    """
    keyed = [(benchmark, p) for benchmark, given in problems.items() for p in given]
    if not keyed or not table.num_rows:
        return []
    embed = reader.load()
    wanted = embed([_text(problem) for _, problem in keyed])
    near = nearest(wanted, _portions(table, embed, progress), options.nearest)
    pairs = list(_pairs(table, keyed, near))
    with reader.asking() as teachers:
        verdicts = asyncio.run(_judge(pairs, teachers[0], progress))
    ids = table["id"].take([pair.row for pair in pairs]).to_pylist()
    judged = sorted(
        zip(pairs, verdicts, ids, strict=True), key=lambda each: (each[0].row, -each[0].cosine)
    )
    return [_hit(*each) for each in judged if each[1] != matching.NO_MATCH]


def nearest(wanted: Vectors, portions: Iterable[Vectors], count: int) -> Near:
    """Of the rows in all portions, one after the other, those with the highest cosines.

    `wanted` and the portions are unit vectors, (…, width).
    """
    rows = np.empty((len(wanted), 0), np.int64)
    cosines = np.empty((len(wanted), 0), np.float32)
    first_row = 0
    for portion in portions:
        more = np.arange(first_row, first_row + len(portion))
        rows = np.concatenate([rows, np.broadcast_to(more, (len(wanted), len(more)))], axis=1)
        cosines = np.concatenate([cosines, wanted @ portion.T], axis=1)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :count]  # rows are in order
        rows = np.take_along_axis(rows, best, axis=1)
        cosines = np.take_along_axis(cosines, best, axis=1)
        first_row += len(portion)
    return Near(rows, cosines)


def merged(table: pa.Table, hits: Sequence[Hit], more: Sequence[Hit]) -> list[Hit]:
    """Both lists of hits in one, by row; of a row first those that drop it, then in order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    both = [*hits, *more]
    ids = pa.array([hit.record_id for hit in both], table.schema.field("id").type)
    rows = pc.index_in(ids, value_set=table["id"].combine_chunks()).to_pylist()
    order = sorted(range(len(both)), key=lambda place: (rows[place], not both[place].drops))
    return [both[place] for place in order]


def _portions(table: pa.Table, embed: Embed, progress: Progress) -> Iterator[Vectors]:
    for first_row, rows in columns.portions(table, _PORTION_ROWS):
        yield embed([text[:MOST_CHARACTERS] for text in columns.texts(rows).to_pylist()])
        progress(first_row + rows.num_rows, table.num_rows, "embedding")


def _text(problem: Problem) -> str:
    return f"{problem.instruction}\n{problem.canonical_solution}"[:MOST_CHARACTERS]


def _pairs(table: pa.Table, keyed: Sequence[tuple[str, Problem]], near: Near) -> Iterator[_Pair]:
    shown = table.select(["instruction", "input", "response"])
    for (benchmark, problem), rows, cosines in zip(keyed, near.rows, near.cosines, strict=True):
        texts = columns.texts(shown.take(rows)).to_pylist()
        for row, cosine, text in zip(rows.tolist(), cosines.tolist(), texts, strict=True):
            record = text[:MOST_CHARACTERS]
            yield _Pair(benchmark, problem.task_id, row, round(cosine, 4), _text(problem), record)


async def _judge(pairs: Sequence[_Pair], teacher: Teacher, progress: Progress) -> list[str]:
    """The verdict on each pair, as many at once as the teacher likes."""
    verdicts = [matching.UNCLEAR] * len(pairs)
    queue = iter(enumerate(pairs))
    asked = 0

    async def ask_on() -> None:
        nonlocal asked
        for place, pair in queue:
            verdicts[place] = await _verdict(pair, teacher)
            asked += 1
            progress(asked, len(pairs), "the teacher compares")

    async with teacher:
        tasks = [asyncio.create_task(ask_on()) for _ in range(min(teacher.askers, len(pairs)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return verdicts


async def _verdict(pair: _Pair, teacher: Teacher) -> str:
    prompt = prompts.match(pair.problem, pair.record)
    try:
        for sample in range(matching.TRIES):
            reply = await teacher.ask(prompt, sample=sample, decoding=matching.DECODING)
            if found := matching.verdict(reply.text, reply.finish_reason):
                return found
    except TeacherRefusedError:
        pass  # it would refuse this again: nobody can say
    return matching.UNCLEAR


def _hit(pair: _Pair, verdict: str, record_id: str) -> Hit:
    is_match = verdict == matching.MATCH
    return Hit(
        record_id=record_id,
        benchmark=pair.benchmark,
        task_id=pair.task_id,
        rule=TEACHER_MATCH if is_match else TEACHER_UNCLEAR,
        part="problem",
        score=pair.cosine,
        span=excerpt(pair.record),
        drops=is_match,
        matched=excerpt(pair.problem),
    )
