"""What the manifest of a cleaned table says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.duplicates import Relation, Rule
from wizardcoder.clean.sweep import Findings

if TYPE_CHECKING:
    import pyarrow as pa


def counts_of(table: pa.Table, found: Findings) -> dict[str, Any]:
    """Counts of a table with the columns of Record and what was found in it.

    `duplicates` are those found, removed or not, by rule and relation.
    `flags`, `languages` and `tokens` (of question and response together) are about kept records.
    """
    is_kept = np.ones(len(table), bool)
    is_kept[list(found.removed)] = False
    tags = np.array(found.shape.languages, object)[is_kept]
    flags = (flag.rule for flag in found.shape.flags if is_kept[flag.row])
    return {
        "records": len(table),
        "kept": len(table) - len(found.removed),
        "rejected": len(found.removed),
        "rules": _tally(removal.rule for removal in found.removed.values()),
        "kept_by_round": _tally(map(str, np.asarray(table["round"])[is_kept].tolist())),
        "duplicates": found.duplicates.counts(),
        "contamination": _tally(hit.benchmark for hit in found.hits),
        "contamination_by_rule": _tally(hit.rule for hit in found.hits),
        "contamination_kept": sum(not hit.drops for hit in found.hits),
        "behaviour": _tally(hit.behaviour for hit in found.hits if hit.behaviour),
        "flags": _tally(flags),
        "languages": _tally(tag or "none" for tag in tags.tolist()),
        "tokens": _spread(found.shape.tokens[is_kept]),
    }


def near_by_relation(found: Findings) -> Counter[Relation]:
    """How many near-duplicates were found, removed or not."""
    is_near = np.isin(found.duplicates.rule, (Rule.NEAR_REMOVED, Rule.NEAR_KEPT))
    return Counter(map(Relation, found.duplicates.relation[is_near].tolist()))


def _spread(tokens: NDArray[np.int64]) -> dict[str, int]:
    if not len(tokens):
        return {"median": 0, "p99": 0, "max": 0}
    median, p99, most = np.quantile(tokens, (0.5, 0.99, 1.0), method="lower").tolist()
    return {"median": int(median), "p99": int(p99), "max": int(most)}


def _tally(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
