"""One sweep over a table: every rule's findings, and which row goes by which of them.

A row goes by the first rule that is against it, in this order: shape, contamination, exact
duplicate, near-duplicate. Duplicates come last, and are looked for among what is left, because a
row must not be dropped in favour of one that is then dropped itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean import behaviour, contamination, duplicates, embedding, shape
from wizardcoder.clean.behaviour import Judge
from wizardcoder.clean.contamination import Check, Problems
from wizardcoder.clean.duplicates import Duplicates, Rule
from wizardcoder.clean.embedding import Reader
from wizardcoder.clean.hits import Hit
from wizardcoder.clean.shape import Shape
from wizardcoder.errors import UsageError
from wizardcoder.progress import Watch, unwatched
from wizardcoder.recipe import Clean

if TYPE_CHECKING:
    import pyarrow as pa

CONTAMINATED = "contaminated"
EXACT_DUPLICATE, NEAR_DUPLICATE = "exact_duplicate", "near_duplicate"


@dataclass(frozen=True, slots=True)
class Targets:
    """What must not be in the data: problems by benchmark, and checks of a benchmark's own.

    `judge` runs a benchmark's tests on the functions of flagged records; None: nothing is run.
    `reader` embeds and asks the teacher, where `options.embedding` wants that.
    """

    problems: Problems
    checks: Mapping[str, Check]
    judge: Judge | None = None
    reader: Reader | None = None


class Removal(NamedTuple):
    """The one rule that a row goes by, and the evidence."""

    rule: str
    detail: str


class Findings(NamedTuple):
    """What was found in a table. `removed`: row → removal, by row; the other rows are kept.

    `hits` and `shape` are about all rows. `duplicates` is about the rows `compared`, which no
    earlier rule removed: element i of its arrays is about row `compared[i]`, `of` counts likewise.
    """

    removed: dict[int, Removal]
    hits: list[Hit]
    shape: Shape
    duplicates: Duplicates
    compared: NDArray[np.int64]


def sweep(
    table: pa.Table,
    options: Clean,
    targets: Targets,
    *,
    jobs: int = 1,
    spill: Path | None = None,
    watch: Watch = unwatched,
) -> Findings:
    """The findings in a table with the columns of Record, sorted by (seed id, round, id).

    They do not depend on `jobs`. `spill`: a folder for what `options.memory_mb` does not hold.
    """
    form = shape.find(table, options, jobs=jobs, progress=watch("shape"))
    hits = _hits(table, options, targets, jobs, watch)
    removed = {**_contaminated(table, hits), **_misshapen(form)}
    compared = np.setdiff1d(np.arange(len(table)), np.fromiter(removed, np.int64, len(removed)))
    progress = watch("duplicates")
    places = compared if removed else None
    twins = duplicates.find(
        table, options, places=places, spill=spill, jobs=jobs, progress=progress
    )
    removed.update(_repeated(table["id"], twins, compared))
    return Findings(dict(sorted(removed.items())), hits, form, twins, compared)


def _hits(table: pa.Table, options: Clean, targets: Targets, jobs: int, watch: Watch) -> list[Hit]:
    if not (targets.problems or targets.checks):
        return []
    progress = watch("contamination")
    hits = contamination.find(
        table, options, targets.problems, targets.checks, jobs=jobs, progress=progress
    )
    if options.embedding.enabled:
        hits = embedding.merged(table, hits, _near(table, options, targets, watch))
    if targets.judge is None:
        return hits
    return behaviour.observe(hits, table, targets.problems, targets.judge, watch("behaviour"))


def _near(table: pa.Table, options: Clean, targets: Targets, watch: Watch) -> list[Hit]:
    if targets.reader is None:
        raise UsageError(
            "clean.embedding.enabled asks a teacher, and there is none here: clean with a recipe "
            "that has a [teacher], or set clean.embedding.enabled = false"
        )
    progress = watch("embedding")
    return embedding.find(
        table, options.embedding, targets.problems, targets.reader, progress=progress
    )


def _misshapen(found: Shape) -> dict[int, Removal]:
    """The first flag of each row that drops it."""
    drops = [flag for flag in found.flags if flag.drops]
    return {flag.row: Removal(flag.rule, flag.detail) for flag in reversed(drops)}


def _contaminated(table: pa.Table, hits: Sequence[Hit]) -> dict[int, Removal]:
    """The first hit of each row that drops it: the strongest."""
    import pyarrow as pa
    import pyarrow.compute as pc

    strongest = {hit.record_id: hit for hit in reversed(hits) if hit.drops}
    wanted = pa.array(strongest, table.schema.field("id").type)
    rows = pc.indices_nonzero(pc.is_in(table["id"], value_set=wanted)).to_pylist()
    ids = table["id"].take(pa.array(rows, pa.int64())).to_pylist()
    return {
        row: Removal(CONTAMINATED, strongest[record_id].detail)
        for row, record_id in zip(rows, ids, strict=True)
    }


def _repeated(
    ids: pa.ChunkedArray, found: Duplicates, compared: NDArray[np.int64]
) -> Iterator[tuple[int, Removal]]:
    """The rows of the table that duplicates remove; each names a row that is kept."""
    places = np.flatnonzero(found.removed)
    originals = ids.take(compared[found.of[places]]).to_pylist()
    for place, original in zip(places.tolist(), originals, strict=True):
        if found.rule[place] == Rule.EXACT:
            removal = Removal(EXACT_DUPLICATE, f"of {original}")
        else:
            detail = f"of {original}, Jaccard {found.jaccard[place]:.3f}"
            removal = Removal(NEAR_DUPLICATE, detail)
        yield int(compared[place]), removal
