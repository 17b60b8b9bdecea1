"""The clean stage: first go records without a response, then contaminated, then duplicate ones.

Duplicates come last, because one must not be dropped in favour of a record that is then dropped
itself. Each rejected record has exactly one rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder.clean.contamination import Check, Problems, find_contamination
from wizardcoder.clean.duplicates import Relation, drop_exact, drop_near, in_order
from wizardcoder.clean.hits import Hit
from wizardcoder.errors import UsageError
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Clean, changed
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, open_stage


class Cleaned(NamedTuple):
    """The outcome of cleaning: records in = kept + rejected, both by (seed id, round).

    `hits`: everything found of a benchmark, kept records included. `near_duplicates` counts by
    relation; those of the same lineage were kept.
    """

    kept: list[Record]
    rejected: list[Rejected]
    hits: list[Hit]
    near_duplicates: Counter[Relation]


def clean(
    records: Sequence[Record],
    options: Clean,
    problems: Problems,
    checks: Mapping[str, Check] | None = None,
    *,
    progress: Progress = silent,
) -> Cleaned:
    """Clean records; the outcome does not depend on their order.

    `problems` are those of each benchmark that must not be in the data; `checks` are benchmarks'
    own, on texts that may hold code. Raises UsageError when two records have the same id.
    """
    _check_ids(records)
    ordered = in_order(records)
    unanswered = [_unanswered(record) for record in ordered if not record.response.strip()]
    hits = find_contamination(ordered, options, problems, checks, progress)
    gone = {record.id for record in unanswered}
    contaminated = _reject_contaminated([r for r in ordered if r.id not in gone], hits)
    gone |= {record.id for record in contaminated}
    exact = drop_exact([record for record in ordered if record.id not in gone])
    kept, near_rejected, near = exact.kept, list[Rejected](), Counter[Relation]()
    if options.near_duplicates:
        kept, near_rejected, near = drop_near(
            exact.kept,
            shingle_tokens=options.shingle_tokens,
            min_jaccard=options.near_duplicate_jaccard,
        )
    rejected = in_order([*unanswered, *contaminated, *exact.rejected, *near_rejected])
    progress(len(records), len(records), f"{len(kept)} kept, {len(rejected)} rejected")
    return Cleaned(kept, rejected, hits, near)


def run_stage(
    path: Path,
    records: Sequence[Record],
    options: Clean,
    problems: Problems,
    extra_checks: Mapping[str, Check] | None = None,
    *,
    identity: Identity,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Clean `records` into the stage folder `path`; returns the manifest.

    Writes records.parquet (those kept), rejected.parquet and hits.parquet.
    """
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        cleaned = clean(records, options, problems, extra_checks, progress=progress)
        return stage.finish(
            {
                "records": (Record, cleaned.kept),
                "rejected": (Rejected, cleaned.rejected),
                "hits": (Hit, cleaned.hits),
            },
            counts={**_counts(cleaned), "changed_options": _changed(options)},
        )


def _check_ids(records: Sequence[Record]) -> None:
    ids = Counter(record.id for record in records)
    if twice := [key for key, times in ids.items() if times > 1]:
        raise UsageError(
            f"{len(twice)} record ids occur more than once, the first is {twice[0]!r}: "
            "every record needs an id of its own"
        )


def _unanswered(record: Record) -> Rejected:
    """A seed may come without a response, to be evolved; a model would learn to say nothing."""
    return Rejected.of(record, "no_response", "nothing to learn from")


def _reject_contaminated(records: Sequence[Record], hits: Sequence[Hit]) -> list[Rejected]:
    strongest: dict[str, Hit] = {}
    for hit in hits:
        if hit.drops:
            strongest.setdefault(hit.record_id, hit)
    return [
        Rejected.of(record, "contaminated", strongest[record.id].detail)
        for record in records
        if record.id in strongest
    ]


def _counts(cleaned: Cleaned) -> dict[str, Any]:
    kept, rejected, hits, near = cleaned
    return {
        "records": len(kept) + len(rejected),
        "kept": len(kept),
        "rejected": len(rejected),
        "rules": _tally(row.rule for row in rejected),
        "kept_by_round": _tally(str(record.round) for record in kept),
        "near_duplicates": {relation.value: near[relation] for relation in Relation},
        "contamination": _tally(hit.benchmark for hit in hits),
        "contamination_by_rule": _tally(hit.rule for hit in hits),
        "contamination_kept": sum(not hit.drops for hit in hits),
    }


def _changed(options: Clean) -> dict[str, list[object]]:
    """Every option that differs from its default, as JSON: [default, value]."""
    return {key: list(pair) for key, pair in changed(options).items()}


def _tally(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
