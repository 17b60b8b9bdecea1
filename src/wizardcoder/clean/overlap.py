"""Problem texts in records: word for word, or by the share of their shingles.

A shingle that more than ten problems of a benchmark have is its manner of speaking ("write a
function to find"); it counts neither for a record nor against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.hits import Hit, excerpt
from wizardcoder.clean.problems import Part, parts
from wizardcoder.clean.shingles import Hashes, Indices, Shingles, encode, shingle, tokenise, windows
from wizardcoder.records import Problem, Record

#: A shingle of more problems than this is boilerplate of its benchmark.
BOILERPLATE_PROBLEMS = 10
#: The parts that are looked for word for word, and from how many tokens on: less is trivial.
VERBATIM_TOKENS = {"statement": 10, "prompt": 20, "solution": 20}
#: The parts of which a share is looked for, and from how many shingles on, boilerplate aside. Not
#: the solution alone: bubble sort holds half of what finds the k-th element.
CONTAINMENT_SHINGLES = {"statement": 8, "prompt": 20, "problem": 12}
_NEVER = 1 << 60


class Overlap:
    """The texts of benchmark problems, ready to be looked for in records.

    `verbatim`: all tokens of a text stand in the record in one piece. `containment`: of the
    distinct shingles of a text that are not boilerplate, at least this share is in the record.
    """

    def __init__(
        self, problems: Mapping[str, Sequence[Problem]], *, shingle_tokens: int, containment: float
    ) -> None:
        self._n = shingle_tokens
        self._containment = containment
        self._parts = [p for name, given in problems.items() for x in given for p in parts(name, x)]
        self._tokens = [tokenise(encode(part.text)).hashes for part in self._parts]
        shingles = shingle([part.text for part in self._parts], shingle_tokens)
        self._telling = shingles.only(~_is_boilerplate(self._parts, shingles))
        is_long = self._telling.sizes >= self._minima(CONTAINMENT_SHINGLES)
        self._postings = _Postings.of(self._telling.only(is_long[self._telling.owners]))
        lengths = np.array([len(tokens) for tokens in self._tokens], np.int64)
        is_long = lengths >= self._minima(VERBATIM_TOKENS)
        self._anchors = _Postings.of(_rarest(shingles.only(is_long[shingles.owners])))

    def _minima(self, table: Mapping[str, int]) -> Indices:
        return np.array([table.get(part.kind, _NEVER) for part in self._parts], np.int64)

    def hits(self, records: Sequence[Record]) -> list[Hit]:
        """The problem texts that the records hold: of each problem, by each rule, the best part."""
        texts = [f"{record.question}\n{record.response}" for record in records]
        shingles = shingle(texts, self._n)
        best: dict[tuple[str, str, str, str], Hit] = {}
        for found in (*self._verbatim(texts, shingles), *self._contained(texts, shingles)):
            hit = self._hit(records[found.text].id, found)
            key = (hit.record_id, hit.benchmark, hit.task_id, hit.rule)
            if key not in best or best[key].score < hit.score:
                best[key] = hit
        return list(best.values())

    def _hit(self, record_id: str, found: _Found) -> Hit:
        part = self._parts[found.part]
        return Hit(
            record_id=record_id,
            benchmark=part.benchmark,
            task_id=part.task_id,
            rule=found.rule,
            part=part.kind,
            score=found.score,
            span=excerpt(found.span),
            drops=True,
        )

    def _verbatim(self, texts: Sequence[str], shingles: Shingles) -> Iterator[_Found]:
        """A text can hold a part only if it holds the part's rarest shingle."""
        pairs = zip(*(indices.tolist() for indices in self._anchors.match(shingles)), strict=True)
        for text, candidates in groupby(pairs, key=itemgetter(0)):
            data = encode(texts[text])
            tokens = tokenise(data)
            for _, part in candidates:
                first = _find(self._tokens[part], tokens.hashes)
                if first is not None:
                    last = first + len(self._tokens[part]) - 1
                    span = data[tokens.starts[first] : tokens.ends[last]]
                    yield _Found(text, part, "verbatim", 1.0, _decode(span))

    def _contained(self, texts: Sequence[str], shingles: Shingles) -> Iterator[_Found]:
        owners, found = self._postings.match(shingles)
        pairs, common = np.unique(owners * len(self._parts) + found, return_counts=True)
        owners, found = np.divmod(pairs, max(1, len(self._parts)))
        shares = common / self._telling.sizes[found]
        for hit in np.flatnonzero(shares >= self._containment):
            text, part = int(owners[hit]), int(found[hit])
            span = _longest_run(texts[text], self._telling.of(part), self._n)
            yield _Found(text, part, "containment", float(shares[hit]), span)


class _Found(NamedTuple):
    """A part found in a text, both by index."""

    text: int
    part: int
    rule: str
    score: float
    span: str


class _Postings(NamedTuple):
    """Which parts have a hash: those of `hashes[i]` are `parts[offsets[i] : offsets[i + 1]]`."""

    hashes: Hashes
    offsets: Indices
    parts: Indices

    @classmethod
    def of(cls, shingles: Shingles) -> _Postings:
        distinct, counts = np.unique(shingles.hashes, return_counts=True)
        order = np.argsort(shingles.hashes, kind="stable")
        return cls(distinct, np.concatenate([[0], np.cumsum(counts)]), shingles.owners[order])

    def match(self, texts: Shingles) -> tuple[Indices, Indices]:
        """Text and part of every hash that a text and a part have in common, text by text."""
        places = np.searchsorted(self.hashes, texts.hashes)
        is_known = places < len(self.hashes)
        is_known[is_known] = self.hashes[places[is_known]] == texts.hashes[is_known]
        begins, ends = self.offsets[places[is_known]], self.offsets[places[is_known] + 1]
        counts = ends - begins
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        posted = self.parts[np.repeat(begins, counts) + within]
        return np.repeat(texts.owners[is_known], counts), posted


def _is_boilerplate(parts: Sequence[Part], shingles: Shingles) -> NDArray[np.bool_]:
    """Which of the hashes more than BOILERPLATE_PROBLEMS problems of one benchmark have."""
    holders: dict[str, dict[str, set[int]]] = {}
    for index, part in enumerate(parts):
        tasks = holders.setdefault(part.benchmark, {})
        tasks.setdefault(part.task_id, set()).update(shingles.of(index).tolist())
    boilerplate: set[int] = set()
    for tasks in holders.values():
        counts = Counter(hash for hashes in tasks.values() for hash in hashes)
        boilerplate |= {hash for hash, count in counts.items() if count > BOILERPLATE_PROBLEMS}
    return np.isin(shingles.hashes, np.array(sorted(boilerplate), np.uint64))


def _rarest(shingles: Shingles) -> Shingles:
    """Of each text the one shingle that the fewest texts have."""
    _, inverse, counts = np.unique(shingles.hashes, return_inverse=True, return_counts=True)
    order = np.lexsort((shingles.hashes, counts[inverse], shingles.owners))
    is_rarest = np.zeros(len(shingles.hashes), bool)
    is_rarest[order[shingles.offsets[:-1][shingles.sizes > 0]]] = True
    return shingles.only(is_rarest)


def _find(wanted: Hashes, tokens: Hashes) -> int | None:
    """The first place where `wanted` stands in `tokens` in one piece."""
    last = max(0, len(tokens) - len(wanted) + 1)
    starts = np.flatnonzero(tokens[:last] == wanted[0]).tolist()
    return next((s for s in starts if np.array_equal(tokens[s : s + len(wanted)], wanted)), None)


def _longest_run(text: str, wanted: Hashes, n: int) -> str:
    """The longest stretch of a text that consists of wanted shingles."""
    data = encode(text)
    tokens = tokenise(data)
    hashes, _ = windows(tokens.hashes, np.zeros(len(tokens.hashes), np.int64), n)
    is_wanted = np.concatenate([[False], np.isin(hashes, wanted), [False]])
    edges = np.flatnonzero(np.diff(is_wanted))
    begins, ends = edges[::2], edges[1::2]
    longest = np.argmax(ends - begins)
    last = min(ends[longest] + n - 1, len(hashes)) - 1
    return _decode(data[tokens.starts[begins[longest]] : tokens.ends[last]])


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")
