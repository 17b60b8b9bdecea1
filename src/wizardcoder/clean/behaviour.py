"""The behavioural check: whether a function of a flagged record passes the problem's own tests.

A text that resembles a problem may be a leak or a coincidence; a function that passes the tests of
the very problem that it resembles is no coincidence. The tests run elsewhere (`judge`, handed in):
here is decided what is run, and what follows from it.

Nothing is kept of a check that is interrupted: a program takes about as long as one completion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from wizardcoder.clean.characters import as_compared
from wizardcoder.clean.hits import Hit
from wizardcoder.clean.suspects import Suspects, suspects
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Outcome, Problem

if TYPE_CHECKING:
    import pyarrow as pa

PASSES, FAILS, NOT_RUN = "passes", "fails", "not_run"

#: Judges programs of one benchmark, (task id, program) each: the outcomes, in their order.
Judge = Callable[[str, Sequence[tuple[str, str]]], Sequence[Outcome]]

_Case = tuple[str, str, str]  # record id, benchmark, task id
_Program = tuple[str, str]  # task id, code
_UNDECIDED = (Outcome.INFRA_ERROR, Outcome.NOT_RUN)
_ROWS_PER_BATCH = 256


def observe(
    hits: Sequence[Hit],
    table: pa.Table,
    problems: Mapping[str, Iterable[Problem]],
    judge: Judge,
    progress: Progress = silent,
) -> list[Hit]:
    """The hits with their `behaviour`, in the order given; `table` holds the records they are of.

    `passes`: a function of the record, called as the problem asks, passes the problem's tests.
    `fails`: every function that could be the one asked for was run and did not. `not_run`: there is
    none, the problem has no tests that could be run, or the sandbox failed; that says nothing.
    """
    cases = _suspected(hits, table, problems)
    outcomes = dict(_judged(cases, judge, progress))
    behaviour = {case: _behaviour(case, found, outcomes) for case, found in cases.items()}
    return [replace(hit, behaviour=behaviour.get(_case(hit), NOT_RUN)) for hit in hits]


def _suspected(
    hits: Iterable[Hit], table: pa.Table, problems: Mapping[str, Iterable[Problem]]
) -> dict[_Case, Suspects]:
    """What there is to be run for each record and problem that a hit ties together."""
    known = {(name, each.task_id): each for name, given in problems.items() for each in given}
    wanted: dict[str, dict[_Case, None]] = defaultdict(dict)
    for hit in hits:
        if (hit.benchmark, hit.task_id) in known:
            wanted[hit.record_id][_case(hit)] = None
    return {
        case: suspects(texts, known[case[1:]])
        for record_id, texts in _texts(table, wanted)
        for case in wanted[record_id]
    }


def _texts(table: pa.Table, record_ids: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The texts of some records that may hold code, each record with its id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(list(record_ids), table.schema.field("id").type)
    found = table.filter(pc.is_in(table["id"], value_set=wanted))
    columns = ["id", "response", "instruction", "input", "system", "turns"]
    for batch in found.select(columns).to_batches(_ROWS_PER_BATCH):
        for row in batch.to_pylist():
            texts = [*(row[name] or "" for name in columns[1:-1]), *row["turns"]]
            yield row["id"], [as_compared(text) for text in texts]  # a no-break space hides code


def _judged(
    cases: Mapping[_Case, Suspects], judge: Judge, progress: Progress
) -> Iterator[tuple[tuple[str, _Program], Outcome]]:
    """The outcome of every distinct program, by benchmark."""
    programs: dict[str, dict[_Program, None]] = defaultdict(dict)
    for (_, benchmark, task_id), found in cases.items():
        programs[benchmark].update(dict.fromkeys((task_id, code) for code in found.programs))
    done, total = 0, sum(map(len, programs.values()))
    for benchmark, distinct in programs.items():
        if distinct:
            outcomes = judge(benchmark, list(distinct))
            yield from zip(((benchmark, each) for each in distinct), outcomes, strict=True)
            done += len(distinct)
            progress(done, total, f"behaviour: {benchmark}")


def _behaviour(
    case: _Case, found: Suspects, outcomes: Mapping[tuple[str, _Program], Outcome]
) -> str:
    _, benchmark, task_id = case
    seen = {outcomes[benchmark, (task_id, code)] for code in found.programs}
    if Outcome.PASSED in seen:
        return PASSES
    decided = seen and not found.left_out and seen.isdisjoint(_UNDECIDED)
    return FAILS if decided else NOT_RUN


def _case(hit: Hit) -> _Case:
    return hit.record_id, hit.benchmark, hit.task_id
