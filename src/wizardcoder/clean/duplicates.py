"""Duplicates over question and response, exact and near.

Of rows that say the same, the first stays. Exact: question and response are equal, white space
aside; all but the first go, of whatever lineage. Near: the Jaccard similarity of their shingles is
at least `near_duplicate_jaccard`; a row goes when it resembles a kept row of another lineage.
Within a lineage near ones stay and are counted: a child resembles its parent by design.

table → sketches (one pass) → rows with the same fingerprint: equal? → exact
                            → rows that share a band, read again: similar enough? → near

MinHash proposes, so of pairs just at the threshold about 2 % are missed; the exact Jaccard decides,
so no row goes wrongly. Among many that share a band, a row is compared with the first LEADERS kept
ones, so that thousands of variants of one text take no quadratic time.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean import columns, sketches
from wizardcoder.clean.bands import BandKeys, Groups
from wizardcoder.clean.minhash import LEADERS, Permutations
from wizardcoder.clean.shingles import Hashes, Indices
from wizardcoder.clean.sketches import Sketches
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Clean

if TYPE_CHECKING:
    import pyarrow as pa


_MB = 1 << 20
_KIN = ("id", "seed_id", "parent_id")


class Rule(IntEnum):
    """What became of a row that repeats another."""

    NONE = 0
    EXACT = 1
    NEAR_REMOVED = 2
    NEAR_KEPT = 3


class Relation(IntEnum):
    """How a row is related to the kept one that it repeats."""

    NONE = 0
    PARENT_CHILD = 1
    SIBLING = 2  # another of the same lineage
    UNRELATED = 3


class Duplicates(NamedTuple):
    """What each row repeats; all shapes are (rows,)."""

    of: Indices  # a kept row before it; -1: none
    rule: NDArray[np.int8]  # Rule
    jaccard: NDArray[np.float32]
    relation: NDArray[np.int8]  # Relation

    @property
    def removed(self) -> NDArray[np.bool_]:
        """Which rows go."""
        return np.isin(self.rule, (Rule.EXACT, Rule.NEAR_REMOVED))

    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows by rule and relation: {"exact": {"parent-child": 3, …}, …}."""
        return {
            rule.name.lower(): {
                relation.name.lower().replace("_", "-"): int(
                    np.count_nonzero((self.rule == rule) & (self.relation == relation))
                )
                for relation in Relation
                if relation
            }
            for rule in Rule
            if rule
        }


def find(
    table: pa.Table,
    options: Clean,
    *,
    spill: Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> Duplicates:
    """The duplicates in a table with the columns of Record, in its order; `jobs` threads.

    Memory beside the table: about 16 bytes a row, `options.memory_mb`, and 8 bytes for each
    shingle of the rows that share a band. What is more than `memory_mb` goes to a file in `spill`
    (default: the system's folder for such files). The outcome depends on neither. Raises
    StorageError when that disk is full.
    """
    near = options.near_duplicates
    chosen = Permutations.finding(options.near_duplicate_jaccard) if near else Permutations.none()
    with BandKeys(chosen.bands, len(table), options.memory_mb * _MB, spill) as keys:
        found = sketches.sketch(
            table, options.shingle_tokens, chosen, keys, jobs=jobs, progress=progress
        )
        of = _exact(table, found.fingerprints)
        groups = keys.groups((of < 0) & (found.sizes > 0))
    duplicates = Duplicates(
        of,
        np.where(of >= 0, Rule.EXACT, Rule.NONE).astype(np.int8),
        (of >= 0).astype(np.float32),
        np.zeros(len(table), np.int8),
    )
    if len(groups.members):
        _add_near(duplicates, table, options, found, groups)
    _add_relations(duplicates, table)
    return duplicates


def _exact(table: pa.Table, fingerprints: Hashes) -> Indices:
    """The first row with the same text, for each row that is not itself the first; else -1."""
    of = np.full(len(table), -1, np.int64)
    rows = _repeated(fingerprints)
    first: dict[tuple[int, str, str], int] = {}
    for start in range(0, len(rows), columns.PORTION_ROWS):
        portion = rows[start : start + columns.PORTION_ROWS]
        texts = columns.chosen(table, portion, columns.TEXT)
        pairs = zip(
            columns.questions(texts).to_pylist(), texts["response"].to_pylist(), strict=True
        )
        for row, (question, response) in zip(portion.tolist(), pairs, strict=True):
            key = (int(fingerprints[row]), _squeezed(question), _squeezed(response))
            if (earlier := first.setdefault(key, row)) != row:
                of[row] = earlier
    return of


def _squeezed(text: str | None) -> str:
    return " ".join((text or "").split())


def _repeated(fingerprints: Hashes) -> Indices:
    """The rows whose fingerprint another row has as well, in order."""
    order = np.argsort(fingerprints, kind="stable")
    is_same = fingerprints[order[1:]] == fingerprints[order[:-1]]
    repeated = np.zeros(len(fingerprints), bool)
    repeated[order[1:][is_same]] = repeated[order[:-1][is_same]] = True
    return np.flatnonzero(repeated)


def _add_near(
    duplicates: Duplicates,
    table: pa.Table,
    options: Clean,
    found: Sketches,
    groups: Groups,
) -> None:
    """Fill in what the rows that share a band nearly repeat."""
    from wizardcoder.clean import kernels

    grouped, members = np.unique(groups.members, return_inverse=True)
    rows = grouped.astype(np.int64)
    order = np.argsort(members, kind="stable")
    shingles, offsets = sketches.shingles_of(
        table, rows, options.shingle_tokens, int(found.sizes[rows].sum(dtype=np.int64))
    )
    twins, jaccards, goes = kernels.walk(
        shingles,
        offsets,
        groups.owners[order],
        np.concatenate([[0], np.cumsum(np.bincount(members, minlength=len(rows)))]),
        groups.begins,
        *_lineages(table, rows),
        options.near_duplicate_jaccard,
        LEADERS,
    )
    near = twins >= 0
    duplicates.of[rows[near]] = rows[twins[near]]
    duplicates.jaccard[rows[near]] = jaccards[near]
    duplicates.rule[rows[near]] = np.where(goes[near], Rule.NEAR_REMOVED, Rule.NEAR_KEPT)


def _lineages(table: pa.Table, rows: Indices) -> tuple[Indices, Indices]:
    """A number for the lineage of each of some rows, and the place of its parent among them."""
    import pyarrow.compute as pc

    chosen = columns.chosen(table, rows, _KIN)
    ids, seeds, parents = (chosen[name].combine_chunks() for name in _KIN)
    lineages = seeds.dictionary_encode().indices.to_numpy().astype(np.int64)
    places = pc.fill_null(pc.index_in(parents, ids, skip_nulls=True), -1)
    return lineages, places.to_numpy().astype(np.int64)


def _add_relations(duplicates: Duplicates, table: pa.Table) -> None:
    import pyarrow.compute as pc

    rows = np.flatnonzero(duplicates.of >= 0)
    these = columns.chosen(table, rows, _KIN)
    those = columns.chosen(table, duplicates.of[rows], _KIN)
    is_child = pc.fill_null(pc.equal(these["parent_id"], those["id"]), False).to_numpy()
    is_kin = pc.equal(these["seed_id"], those["seed_id"]).to_numpy()
    duplicates.relation[rows] = np.select(
        [is_child, is_kin], [Relation.PARENT_CHILD, Relation.SIBLING], Relation.UNRELATED
    )
