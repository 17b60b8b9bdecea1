"""Problem texts in records: word for word, or by the share of their shingles.

A shingle that more than ten problems of a benchmark have is its manner of speaking ("write a
function to find"); it counts neither for a record nor against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wizardcoder.clean.columns import Texts
from wizardcoder.clean.hits import Hit, excerpt
from wizardcoder.clean.postings import Postings
from wizardcoder.clean.problems import Part, parts
from wizardcoder.clean.shingles import Hashes, Shingles, encode, shingle, tokenise, windows
from wizardcoder.records import Problem

#: A shingle of more problems than this is boilerplate of its benchmark.
BOILERPLATE_PROBLEMS = 10
#: The parts that are looked for word for word, and from how many tokens on: less is trivial.
VERBATIM_TOKENS = {"statement": 10, "prompt": 20, "solution": 20}
#: The parts of which a share is looked for, and from how many shingles on, boilerplate aside. Not
#: the solution alone: bubble sort holds half of what finds the k-th element.
CONTAINMENT_SHINGLES = {"statement": 8, "prompt": 20, "problem": 12}
#: The same where words were exchanged. Every changed word breaks as many shingles as they are
#: long, so these are short, and only statement and solution together are evidence enough.
EDITED_TOKENS = 3
EDITED_SHINGLES = {"problem": 8}
#: A solution says little of its problem where bubble sort finds the k-th element: where statement
#: and solution are looked for as one, this many telling shingles must be the statement's.
STATED_SHINGLES = 1
#: In a long record such shingles must stand close together: so many tokens may come between them.
EDITED_STRETCH_TOKENS = 512


class Overlap:
    """The texts of benchmark problems, ready to be looked for in records.

    `verbatim`: all tokens of a text stand in the record in one piece. `containment`: of the
    distinct shingles of a text that are not boilerplate, at least this share is in the record.
    `edited`: the same with shingles of three tokens, for a problem's statement and solution as one.
    """

    def __init__(
        self, problems: Mapping[str, Sequence[Problem]], *, shingle_tokens: int, containment: float
    ) -> None:
        self._parts = [p for name, given in problems.items() for x in given for p in parts(name, x)]
        texts = [part.text for part in self._parts]
        self._verbatim = _Verbatim(self._parts, shingle(texts, shingle_tokens), shingle_tokens)
        self._shares = [
            _Share("containment", shingle_tokens, CONTAINMENT_SHINGLES, self._parts, containment),
            _Share("edited", EDITED_TOKENS, EDITED_SHINGLES, self._parts, containment),
        ]

    def hits(self, ids: Sequence[str], texts: Texts) -> list[Hit]:
        """The problem texts that records hold: of each problem, by each rule, the best part.

        A problem that is found otherwise is not told of as edited.
        """
        best: dict[tuple[int, str, str, str], tuple[_Found, Hit]] = {}
        for found in self._found(texts):
            part = self._parts[found.part]
            problem = found.text, part.benchmark, part.task_id
            if found.rule == "edited" and (*problem, "containment") in best:
                continue
            key = (*problem, found.rule)
            if key not in best or best[key][1].score < found.score:
                best[key] = found, _hit(ids[found.text], part, found)
        return [hit for _, hit in best.values()]

    def _found(self, texts: Texts) -> Iterator[_Found]:
        yield from self._verbatim.found(texts)
        for share in self._shares:
            yield from share.found(texts)


class _Found(NamedTuple):
    """A part found in a text, both by index; `matched` is what of the part is like the span."""

    text: int
    part: int
    rule: str
    score: float
    span: str
    matched: str


class _Verbatim:
    """Parts word for word. A text can hold a part only if it holds the part's rarest shingle."""

    def __init__(self, parts: Sequence[Part], shingles: Shingles, n: int) -> None:
        self._parts = parts
        self._tokens = [tokenise(encode(part.text)).hashes for part in parts]
        is_long = np.array(
            [
                len(tokens) >= VERBATIM_TOKENS.get(part.kind, len(tokens) + 1)
                for part, tokens in zip(parts, self._tokens, strict=True)
            ],
            bool,
        )
        anchors = _rarest(shingles.only(is_long[shingles.owners]))
        self._anchors = Postings.of(anchors, np.ones(len(parts), np.int64), n)

    def found(self, texts: Texts) -> Iterator[_Found]:
        candidates = self._anchors.match(texts)
        for text, part in zip(candidates.texts.tolist(), candidates.parts.tolist(), strict=True):
            data = _bytes(texts, text)
            tokens = tokenise(data)
            first = _find(self._tokens[part], tokens.hashes)
            if first is not None:
                last = first + len(self._tokens[part]) - 1
                span = _decode(data[tokens.starts[first] : tokens.ends[last]])
                yield _Found(text, part, "verbatim", 1.0, span, self._parts[part].text)


class _Share:
    """Parts by the share of their telling shingles that a text has."""

    def __init__(
        self, rule: str, n: int, minima: Mapping[str, int], parts: Sequence[Part], least: float
    ) -> None:
        self._rule, self._n, self._least, self._parts = rule, n, least, parts
        shingles = shingle([part.text for part in parts], n)
        telling = shingles.only(~_is_boilerplate(parts, shingles))
        is_long = np.array(
            [
                size >= minima.get(part.kind, size + 1)
                for part, size in zip(parts, telling.sizes.tolist(), strict=True)
            ],
            bool,
        )
        self._telling = telling.only(is_long[telling.owners])
        self._stated = _stated(parts, shingles, self._telling)
        needed = np.floor(least * self._telling.sizes).astype(np.int64)
        self._postings = Postings.of(self._telling, needed, n)

    def found(self, texts: Texts) -> Iterator[_Found]:
        common = self._postings.match(texts)
        shares = common.counts / self._telling.sizes[common.parts]
        for pair in np.flatnonzero(shares >= self._least):
            text, part = int(common.texts[pair]), int(common.parts[pair])
            data = _bytes(texts, text)
            share = min(float(shares[pair]), self._close_together(data, part))
            if share >= self._least and self._is_stated(data, part):
                span = _longest_run(data, self._telling.of(part), self._n)
                matched = self._part_of(part, span)
                yield _Found(text, part, self._rule, share, _decode(span), _decode(matched))

    def _part_of(self, part: int, span: bytes) -> bytes:
        """Where the part says what the span says."""
        wanted = windows(tokenise(span).hashes, self._n)
        return _longest_run(encode(self._parts[part].text), wanted, self._n)

    def _is_stated(self, data: bytes, part: int) -> bool:
        stated = self._stated.get(part)
        if stated is None:
            return True
        hashes = windows(tokenise(data).hashes, self._n)
        return len(np.intersect1d(hashes, stated)) >= STATED_SHINGLES

    def _close_together(self, data: bytes, part: int) -> float:
        """The share of the part in the stretch of a text that holds most of it.

        1 for a rule that does not ask for that.
        """
        if self._rule != "edited":
            return 1.0
        hashes = windows(tokenise(data).hashes, self._n)
        telling = self._telling.of(part)
        places = np.flatnonzero(np.isin(hashes, telling))
        length = EDITED_STRETCH_TOKENS + len(tokenise(encode(self._parts[part].text)).hashes)
        return _most_distinct(places, hashes[places], length) / len(telling)


def _stated(parts: Sequence[Part], shingles: Shingles, telling: Shingles) -> dict[int, Hashes]:
    """The telling shingles of the statement of each part that is a whole problem."""
    statements = {
        (part.benchmark, part.task_id): shingles.of(index)
        for index, part in enumerate(parts)
        if part.kind == "statement"
    }
    return {
        index: np.intersect1d(telling.of(index), statements[part.benchmark, part.task_id])
        for index, part in enumerate(parts)
        if part.kind == "problem"
    }


def _hit(record_id: str, part: Part, found: _Found) -> Hit:
    return Hit(
        record_id=record_id,
        benchmark=part.benchmark,
        task_id=part.task_id,
        rule=found.rule,
        part=part.kind,
        score=found.score,
        span=excerpt(found.span),
        drops=True,
        matched=excerpt(found.matched),
    )


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


def _most_distinct(places: NDArray[np.int64], hashes: Hashes, length: int) -> int:
    """How many distinct hashes stand within so many places at most."""
    within, most, first = Counter[int](), 0, 0
    for place, hash in zip(places.tolist(), hashes.tolist(), strict=True):
        within[hash] += 1
        while places[first] <= place - length:
            gone = int(hashes[first])
            within[gone] -= 1
            if not within[gone]:
                del within[gone]
            first += 1
        most = max(most, len(within))
    return most


def _longest_run(data: bytes, wanted: Hashes, n: int) -> bytes:
    """The longest stretch of a text that consists of wanted shingles."""
    tokens = tokenise(data)
    hashes = windows(tokens.hashes, n)
    is_wanted = np.concatenate([[False], np.isin(hashes, wanted), [False]])
    edges = np.flatnonzero(np.diff(is_wanted))
    begins, ends = edges[::2], edges[1::2]
    longest = np.argmax(ends - begins)
    last = min(ends[longest] + n - 1, len(tokens.hashes)) - 1
    return data[tokens.starts[begins[longest]] : tokens.ends[last]]


def _bytes(texts: Texts, text: int) -> bytes:
    return texts.data[texts.offsets[text] : texts.offsets[text + 1]].tobytes()


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")
