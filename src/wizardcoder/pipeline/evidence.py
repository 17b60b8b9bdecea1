"""What a clean folder came to, for the report: counts of its manifest, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wizardcoder import report as page
from wizardcoder.clean import Hit
from wizardcoder.pipeline.touching import checked_names, kept_records
from wizardcoder.storage import Json, read_manifest, read_parquet

#: What of the evidence comes first, where both are kept or both are not.
_BEHAVIOUR_FIRST = ("passes", "fails", "not_run", "")


def cleaning(folder: Path) -> page.Cleaning | None:
    """What cleaning kept, refused and found; None where the folder is not finished."""
    if not (folder / "manifest.json").exists():
        return None
    manifest = read_manifest(folder)
    counts = manifest["counts"]
    lengths = counts.get("tokens")
    return page.Cleaning(
        kept=counts["kept"],
        rejected=counts["rejected"],
        rules=counts["rules"],
        flags=counts.get("flags", {}),
        languages=counts.get("languages", {}),
        lengths=page.Lengths(**_whole(lengths)) if lengths else None,
        duplicates=_duplicates(counts),
        contamination=_contamination(folder, manifest),
    )


def _whole(lengths: Mapping[str, float]) -> dict[str, int]:
    return {name: round(lengths[name]) for name in page.Lengths.model_fields}


def _duplicates(counts: Json) -> page.Duplicates | None:
    found = counts.get("duplicates")
    return page.Duplicates(**found) if found else None


def _contamination(folder: Path, manifest: Mapping[str, Any]) -> page.Contamination:
    hits, counts = read_parquet(folder / "hits.parquet", Hit), manifest["counts"]
    flagged = {hit.record_id for hit in hits}
    kept = kept_records(folder, flagged)
    return page.Contamination(
        benchmarks=tuple(checked_names(manifest["identity"])),
        hits=len(hits),
        records=len(flagged),
        records_kept=len(kept),
        by_benchmark=counts.get("contamination", {}),
        by_rule=counts.get("contamination_by_rule", {}),
        behaviour=counts.get("behaviour", {}),
        evidence=tuple(_evidence(hit, hit.record_id in kept) for hit in _telling(hits, kept)),
    )


def _telling(hits: Sequence[Hit], kept: set[str]) -> list[Hit]:
    """The hits that the page has room for: of kept records first, then those that pass tests."""

    def rank(hit: Hit) -> tuple[bool, int]:
        return hit.record_id not in kept, _BEHAVIOUR_FIRST.index(hit.behaviour)

    return sorted(hits, key=rank)[: page.MATCHES_SHOWN]


def _evidence(hit: Hit, kept: bool) -> page.Evidence:
    return page.Evidence(
        record_id=hit.record_id,
        benchmark=hit.benchmark,
        task_id=hit.task_id,
        rule=hit.rule,
        part=hit.part,
        score=hit.score,
        span=hit.span,
        matched=hit.matched,
        kept=kept,
        behaviour=hit.behaviour,
    )
