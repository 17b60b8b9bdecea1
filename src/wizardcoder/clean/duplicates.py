"""Duplicates over question and response, exact and near.

Of records that say the same, the one that comes first by (seed id, round) stays. Within a lineage
only exact duplicates go: a child resembles its parent by design, so near ones are kept and counted.
The ids of the records must differ.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar

from wizardcoder.clean.minhash import similar_pairs
from wizardcoder.clean.shingles import shingle
from wizardcoder.records import Record, Rejected

AnyRecord = TypeVar("AnyRecord", bound=Record)


class Relation(StrEnum):
    """How a record is related to the record that it nearly repeats."""

    PARENT_AND_CHILD = "parent and child"
    SIBLING = "sibling"  # another of the same lineage
    UNRELATED = "unrelated"


class Deduplicated(NamedTuple):
    """Kept and rejected records in order, and the near-duplicates found, by relation.

    The unrelated ones are those rejected; the others were kept. A record counts once, for its
    closest relation to a kept record before it.
    """

    kept: list[Record]
    rejected: list[Rejected]
    near: Counter[Relation]


class _Twin(NamedTuple):
    """An earlier record that a record nearly repeats."""

    place: int
    jaccard: float


def in_order(records: Iterable[AnyRecord]) -> list[AnyRecord]:
    """The records by (seed id, round), those of one round by their ids."""
    return sorted(records, key=lambda record: (record.seed_id, record.round, record.id))


def drop_exact(records: Sequence[Record]) -> Deduplicated:
    """Drop records whose question and response were there before, white space aside."""
    first: dict[tuple[str, str], str] = {}
    kept, rejected = [], []
    for record in in_order(records):
        text = (" ".join(record.question.split()), " ".join(record.response.split()))
        if text in first:
            rejected.append(Rejected.of(record, "exact_duplicate", f"of {first[text]}"))
        else:
            first[text] = record.id
            kept.append(record)
    return Deduplicated(kept, rejected, Counter())


def drop_near(
    records: Sequence[Record], *, shingle_tokens: int, min_jaccard: float
) -> Deduplicated:
    """Drop records that nearly repeat a kept record of another lineage."""
    records = in_order(records)
    twins = _twins(records, shingle_tokens, min_jaccard)
    kept: dict[int, Record] = {}
    rejected, near = [], Counter[Relation]()
    for place, record in enumerate(records):
        known = {twin: kept[twin.place] for twin in twins[place] if twin.place in kept}
        strangers = [twin for twin, other in known.items() if other.seed_id != record.seed_id]
        if strangers:
            detail = f"of {known[strangers[0]].id}, Jaccard {strangers[0].jaccard:.3f}"
            rejected.append(Rejected.of(record, "near_duplicate", detail))
            near[Relation.UNRELATED] += 1
            continue
        kept[place] = record
        if known:
            is_child = any(other.id == record.parent_id for other in known.values())
            near[Relation.PARENT_AND_CHILD if is_child else Relation.SIBLING] += 1
    return Deduplicated(list(kept.values()), rejected, near)


def _twins(
    records: Sequence[Record], shingle_tokens: int, min_jaccard: float
) -> dict[int, list[_Twin]]:
    """The earlier records that each record is similar to, in order."""
    texts = (f"{record.question}\n{record.response}" for record in records)
    pairs = similar_pairs(shingle(texts, shingle_tokens), min_jaccard)
    twins: dict[int, list[_Twin]] = defaultdict(list)
    for left, right, jaccard in zip(*(array.tolist() for array in pairs), strict=True):
        twins[right].append(_Twin(left, jaccard))
    return twins
