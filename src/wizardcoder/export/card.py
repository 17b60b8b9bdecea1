"""The data set card: what the data is, where it comes from, and under which terms.

Only what tables and manifests say; a part that nobody knows anything about is left out. The front
matter is the Hub's, so that `datasets.load_dataset` finds the file by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wizardcoder.export import licences
from wizardcoder.export.rendering import render
from wizardcoder.export.selection import Contents

#: The longest table that a card shows whole; a code base may have a source per file.
ROWS_SHOWN = 50
_SIZES = {
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
}


class Prompt(NamedTuple):
    """A prompt that a teacher was asked with, word for word; what was filled in is in braces."""

    name: str
    text: str
    weight: float | None = None


class Tally(NamedTuple):
    """Accepted and rejected attempts of one round or one operation."""

    name: str
    accepted: int
    rejected: int


class Evolution(NamedTuple):
    """What became of every attempt to evolve an instruction."""

    rounds: Sequence[Tally]
    operations: Sequence[Tally]
    rules: Mapping[str, int]

    @property
    def accepted(self) -> int:
        return sum(tally.accepted for tally in self.rounds)

    @property
    def rejected(self) -> int:
        return sum(tally.rejected for tally in self.rounds)


class Cleaning(NamedTuple):
    """What cleaning kept and refused.

    `contamination` counts hits, pairs of a record and a problem by one rule, by benchmark;
    `touching` the records that have one and were kept all the same. `containment` and `nodes` are
    the thresholds; `behaviour` counts hits by what the problem's own tests say of the record;
    `nearest`: so many records next to each problem were shown to a teacher.
    """

    kept: int
    rejected: int
    rules: Mapping[str, int]
    benchmarks: Sequence[str]
    contamination: Mapping[str, int]
    touching: int = 0
    containment: float = 0.5
    nodes: int = 15
    behaviour: Mapping[str, int] = {}
    nearest: int = 0


class Spent(NamedTuple):
    """What a stage has asked of teachers. `maybe_paid` calls had no answer, at most paid for."""

    stage: str
    calls: int
    maybe_paid: int
    prompt_tokens: int
    completion_tokens: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How the data of a run came to be; what the run does not know stays empty.

    `ancestors`: teachers of (teacher, terms) that made any record of the lineages, also one that
    is not in the data itself.
    """

    name: str
    about: str
    cleaned: bool
    seeds_rejected: Mapping[str, int] = field(default_factory=dict)
    ancestors: Sequence[tuple[str, str]] = ()
    prompts: Sequence[Prompt] = ()
    evolution: Evolution | None = None
    cleaning: Cleaning | None = None
    spent: Sequence[Spent] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    recipe_toml: str = ""


def card(origin: Origin, contents: Contents, *, file: str = "", cut: int = 0) -> str:
    """The card as Markdown; the same facts give the same text.

    `file` is the data beside it, if any; `cut`: conversations that its format holds in part only.
    """
    strictest = licences.strictest(contents.licences)
    return render(
        "dataset_card.md",
        **data_facts(origin, contents),
        file=file,
        cut=cut,
        metadata=licences.hub_metadata(strictest),
        size=_size(contents.records),
        verified=contents.verification.total(),
    )


def data_facts(origin: Origin, contents: Contents) -> dict[str, object]:
    """What any card says of data: by the names that the templates of its parts know."""
    strictest = licences.strictest(contents.licences)
    return {
        "origin": origin,
        "contents": contents,
        "strictest": strictest,
        "strictness": licences.strictness(strictest),
        "unknown": unknown_records(contents),
        "clashes": licences.clashes(contents.licences),
        "no_derivatives": _of_class(contents, licences.Strictness.NO_DERIVATIVES),
        "sources": contents.sources.most_common(ROWS_SHOWN),
        "further": _further(contents),
        "teachers": _teachers(origin, contents),
    }


def unknown_records(contents: Contents) -> int:
    """How many records have a licence that nobody has named."""
    return sum(n for name, n in contents.licences.items() if licences.is_unknown(name))


def _of_class(contents: Contents, kind: licences.Strictness) -> list[str]:
    return sorted(name for name in contents.licences if licences.strictness(name) is kind)


def _further(contents: Contents) -> list[tuple[str, int, int]]:
    """(licence, sources, records) of the sources that a table does not show one by one."""
    sources, records = Counter[str](), Counter[str]()
    for (_, licence), n in contents.sources.most_common()[ROWS_SHOWN:]:
        sources[licence] += 1
        records[licence] += n
    return [(licence, sources[licence], records[licence]) for licence in sorted(sources)]


def _teachers(origin: Origin, contents: Contents) -> list[tuple[str, str, int]]:
    """(teacher, terms, records), also of those whose records only have descendants here."""
    known = sorted({*contents.teachers, *origin.ancestors})
    return [(name, terms, contents.teachers[name, terms]) for name, terms in known]


def _size(records: int) -> str:
    """The Hub's name for so many records."""
    return next((name for limit, name in _SIZES.items() if records < limit), "n>10M")
