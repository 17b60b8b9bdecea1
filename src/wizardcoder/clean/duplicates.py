"""Duplicates over question and response, exact and near.

Of rows that say the same, the first stays. Exact: question and response are equal, white space and
what cannot be seen aside; all but the first go, of whatever lineage. Near: the Jaccard similarity
of their shingles is at least `near_duplicate_jaccard`; a row goes when it resembles a kept row of
another lineage. Within a lineage near ones stay and are counted: a child resembles its parent by
design.

table → sketches (one pass) → rows with the same fingerprint: equal? → exact
                            → rows that share a band, read again: similar enough? → near

MinHash proposes, so of pairs just at the threshold about 2 % are missed; the exact Jaccard decides,
so no row goes wrongly. Among many that share a band, a row is compared with the first LEADERS kept
ones, so that thousands of variants of one text take no quadratic time.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean import columns, sketches
from wizardcoder.clean.bands import BandKeys, Groups
from wizardcoder.clean.characters import INVISIBLE
from wizardcoder.clean.columns import Rows
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
    places: Indices | None = None,
    spill: Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> Duplicates:
    """The duplicates in a table with the columns of Record, in its order; `jobs` threads.

    `places`: the rows that are compared, ascending (None: all); what is found counts within them.
    Memory beside the table: about 16 bytes a row, `options.memory_mb`, and 8 bytes for each
    shingle of the rows that share a band. What is more than `memory_mb` goes to a file in `spill`
    (default: the system's folder for such files). The outcome depends on neither. Raises
    StorageError when that disk is full.
    """
    rows, near = Rows(table, places), options.near_duplicates
    chosen = Permutations.finding(options.near_duplicate_jaccard) if near else Permutations.none()
    with BandKeys(chosen.bands, len(rows), options.memory_mb * _MB, spill) as keys:
        found = sketches.sketch(
            rows, options.shingle_tokens, chosen, keys, jobs=jobs, progress=progress
        )
        of = _exact(rows, found.fingerprints)
        groups = keys.groups((of < 0) & (found.sizes > 0))
    duplicates = Duplicates(
        of,
        np.where(of >= 0, Rule.EXACT, Rule.NONE).astype(np.int8),
        (of >= 0).astype(np.float32),
        np.zeros(len(rows), np.int8),
    )
    if len(groups.members):
        _add_near(duplicates, rows, options, found, groups)
    _add_relations(duplicates, rows)
    return duplicates


def _exact(rows: Rows, fingerprints: Hashes) -> Indices:
    """The first row with the same text, for each row that is not itself the first; else -1."""
    of = np.full(len(rows), -1, np.int64)
    repeated = _repeated(fingerprints)
    first: dict[tuple[int, str, str], int] = {}
    for start in range(0, len(repeated), columns.PORTION_ROWS):
        portion = repeated[start : start + columns.PORTION_ROWS]
        texts = rows.chosen(portion, columns.TEXT)
        pairs = zip(
            columns.questions(texts).to_pylist(), texts["response"].to_pylist(), strict=True
        )
        for row, (question, response) in zip(portion.tolist(), pairs, strict=True):
            key = (int(fingerprints[row]), _squeezed(question), _squeezed(response))
            if (earlier := first.setdefault(key, row)) != row:
                of[row] = earlier
    return of


def _squeezed(text: str | None) -> str:
    """A text without what cannot be seen; 10² is not 102, as it is where texts are near."""
    text = text or ""
    if not text.isascii():
        text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return " ".join(text.split())


def _repeated(fingerprints: Hashes) -> Indices:
    """The rows whose fingerprint another row has as well, in order."""
    order = np.argsort(fingerprints, kind="stable")
    is_same = fingerprints[order[1:]] == fingerprints[order[:-1]]
    repeated = np.zeros(len(fingerprints), bool)
    repeated[order[1:][is_same]] = repeated[order[:-1][is_same]] = True
    return np.flatnonzero(repeated)


def _add_near(
    duplicates: Duplicates,
    rows: Rows,
    options: Clean,
    found: Sketches,
    groups: Groups,
) -> None:
    """Fill in what the rows that share a band nearly repeat."""
    from wizardcoder.clean import pairing

    grouped, members = np.unique(groups.members, return_inverse=True)
    similar = grouped.astype(np.int64)
    order = np.argsort(members, kind="stable")
    shingles, offsets = sketches.shingles_of(
        rows, similar, options.shingle_tokens, int(found.sizes[similar].sum(dtype=np.int64))
    )
    twins, jaccards, goes = pairing.walk(
        shingles,
        offsets,
        groups.owners[order],
        np.concatenate([[0], np.cumsum(np.bincount(members, minlength=len(similar)))]),
        groups.begins,
        *_lineages(rows, similar),
        options.near_duplicate_jaccard,
        LEADERS,
    )
    near = twins >= 0
    duplicates.of[similar[near]] = similar[twins[near]]
    duplicates.jaccard[similar[near]] = jaccards[near]
    duplicates.rule[similar[near]] = np.where(goes[near], Rule.NEAR_REMOVED, Rule.NEAR_KEPT)


def _lineages(rows: Rows, similar: Indices) -> tuple[Indices, Indices]:
    """A number for the lineage of each of some rows, and the place of its parent among them."""
    import pyarrow.compute as pc

    chosen = rows.chosen(similar, _KIN)
    ids, seeds, parents = (chosen[name].combine_chunks() for name in _KIN)
    lineages = seeds.dictionary_encode().indices.to_numpy().astype(np.int64)
    places = pc.fill_null(pc.index_in(parents, ids, skip_nulls=True), -1)
    return lineages, places.to_numpy().astype(np.int64)


def _add_relations(duplicates: Duplicates, rows: Rows) -> None:
    import pyarrow.compute as pc

    repeated = np.flatnonzero(duplicates.of >= 0)
    these = rows.chosen(repeated, _KIN)
    those = rows.chosen(duplicates.of[repeated], _KIN)
    is_child = pc.fill_null(pc.equal(these["parent_id"], those["id"]), False).to_numpy()
    is_kin = pc.equal(these["seed_id"], those["seed_id"]).to_numpy()
    duplicates.relation[repeated] = np.select(
        [is_child, is_kin], [Relation.PARENT_CHILD, Relation.SIBLING], Relation.UNRELATED
    )
