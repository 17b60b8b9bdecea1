"""Licences: which of several is the strictest, which do not go together, what the Hub calls them.

Names are SPDX identifiers, in any case. The order is that of how much a licence asks of who passes
the data on; within a class it is a convention, so that the answer is always the same. Of an
expression (`MIT OR GPL-3.0-only`) the strictest part counts. None of this is legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import combinations
from typing import NamedTuple


class Strictness(IntEnum):
    """How much a licence asks, from nothing to nobody knows."""

    PUBLIC_DOMAIN = 0
    PERMISSIVE = 1
    WEAK_COPYLEFT = 2
    STRONG_COPYLEFT = 3
    NETWORK_COPYLEFT = 4
    USE_RESTRICTED = 5
    NON_COMMERCIAL = 6
    NO_DERIVATIVES = 7
    UNLISTED = 8
    UNKNOWN = 9

    @property
    def words(self) -> str:
        return _WORDS.get(self) or self.name.lower().replace("_", " ")


_WORDS = {
    Strictness.NON_COMMERCIAL: "non-commercial",
    Strictness.NO_DERIVATIVES: "no derivatives",
    Strictness.USE_RESTRICTED: "restricts what it may be used for",
    Strictness.UNLISTED: "not among the licences that WizardCoder knows",
}
#: Each class from lax to strict.
_CLASSES = {
    Strictness.PUBLIC_DOMAIN: "cc0-1.0 unlicense pddl-1.0 pddl wtfpl 0bsd mit-0",
    Strictness.PERMISSIVE: (
        "zlib bsl-1.0 isc mit x11 ncsa postgresql python-2.0 psf-2.0 bsd-1-clause bsd-2-clause "
        "bsd-3-clause bsd-3-clause-clear bsd-4-clause bsd apache-1.1 apache-2.0 ecl-2.0 afl-3.0 "
        "artistic-2.0 ms-pl cdla-permissive-1.0 cdla-permissive-2.0 odc-by-1.0 odc-by "
        "etalab-2.0 ogl-uk-3.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0"
    ),
    Strictness.WEAK_COPYLEFT: (
        "mpl-1.1 mpl-2.0 lgpl lgpl-2.0 lgpl-2.1 lgpl-3.0 cddl-1.0 cddl-1.1 cpl-1.0 epl-1.0 epl-2.0 "
        "ms-rl lppl-1.3c ofl-1.1"
    ),
    Strictness.STRONG_COPYLEFT: (
        "cdla-sharing-1.0 odbl-1.0 odbl gfdl-1.3 gfdl cc-by-sa-2.0 cc-by-sa-2.5 cc-by-sa-3.0 "
        "cc-by-sa-4.0 eupl-1.1 eupl-1.2 gpl gpl-1.0 gpl-2.0 gpl-3.0"
    ),
    Strictness.NETWORK_COPYLEFT: "osl-3.0 agpl-1.0 agpl-3.0 sspl-1.0",
    Strictness.USE_RESTRICTED: (
        "openrail bigscience-bloom-rail-1.0 bigscience-openrail-m creativeml-openrail-m "
        "bigcode-openrail-m gemma llama2 llama3 llama3.1 llama3.2 llama3.3 llama4"
    ),
    Strictness.NON_COMMERCIAL: (
        "cc-by-nc-2.0 cc-by-nc-2.5 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 "
        "cc-by-nc-sa-4.0 c-uda intel-research h-research"
    ),
    Strictness.NO_DERIVATIVES: "cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0",
}
_CLASS_OF = {name: kind for kind, names in _CLASSES.items() for name in names.split()}
_ORDER = {name: number for number, name in enumerate(_CLASS_OF)}
_UNKNOWN = frozenset({"", "unknown", "other", "none", "noassertion", "n/a"})
#: Those of the table that the Hub's metadata calls otherwise, or does not know.
_NOT_ON_THE_HUB = frozenset(
    "0bsd mit-0 x11 python-2.0 psf-2.0 bsd-1-clause bsd-4-clause apache-1.1 ogl-uk-3.0 mpl-1.1 "
    "lgpl-2.0 cddl-1.0 cddl-1.1 cpl-1.0 ms-rl gfdl-1.3 cc-by-sa-2.0 cc-by-sa-2.5 gpl-1.0 agpl-1.0 "
    "sspl-1.0 cc-by-nc-2.5".split()
)
_HUB_NAMES = {"pddl-1.0": "pddl", "odc-by-1.0": "odc-by", "odbl-1.0": "odbl"}

_VERSION_2 = frozenset({"gpl-2.0", "gpl-2.0-only"})
_NOT_WITH_VERSION_2 = re.compile(r"apache-2\.0|(gpl|lgpl|agpl)-3\.0.*|cc-by-sa-4\.0")
_GPL = re.compile(r"a?gpl\b.*")
_NOT_WITH_GPL = re.compile(
    r"apache-1\.1|bsd-4-clause|mpl-1\.1|cddl-.*|cpl-1\.0|epl-.*|ms-[pr]l|osl-3\.0|afl-3\.0"
    r"|lppl-1\.3c|cc-by-sa-[23]\..*"
)
_COPYLEFT = (Strictness.STRONG_COPYLEFT, Strictness.NETWORK_COPYLEFT)
_FURTHER_TERMS = (
    Strictness.USE_RESTRICTED,
    Strictness.NON_COMMERCIAL,
    Strictness.NO_DERIVATIVES,
)


class Clash(NamedTuple):
    """Two licences that one work cannot follow both of, and why."""

    one: str
    other: str
    reason: str


def strictness(licence: str) -> Strictness:
    """The class of a licence.

    >>> strictness("CC-BY-NC-4.0").words
    'non-commercial'
    """
    return max(map(_class_of, _parts(licence)), default=Strictness.UNKNOWN)


def is_unknown(licence: str) -> bool:
    """Whether nobody has said what the licence is."""
    return strictness(licence) is Strictness.UNKNOWN


def strictest(licences: Iterable[str]) -> str:
    """The strictest of some licences; `unknown` of none.

    >>> strictest(["MIT", "CC-BY-NC-4.0", "GPL-3.0-only"])
    'CC-BY-NC-4.0'
    """
    return max(licences, key=_rank, default="unknown")


def clashes(licences: Iterable[str]) -> list[Clash]:
    """Every pair of licences known not to go together.

    >>> [clash.other for clash in clashes(["Apache-2.0", "GPL-2.0-only"])]
    ['GPL-2.0-only']
    """
    pairs = combinations(sorted(set(licences), key=_rank), 2)
    return [Clash(one, other, reason) for one, other in pairs if (reason := _clash(one, other))]


def hub_metadata(licence: str) -> Mapping[str, str]:
    """What a card's metadata says of a licence: one that the Hub lists, or `other` with its name.

    >>> hub_metadata("GPL-3.0-or-later")
    {'license': 'gpl-3.0'}
    """
    if is_unknown(licence):
        return {"license": "unknown"}
    name = _plain(licence.strip().lower())
    name = _HUB_NAMES.get(name, name)
    if name in _CLASS_OF and name not in _NOT_ON_THE_HUB:
        return {"license": name}
    return {"license": "other", "license_name": licence}


def _parts(licence: str) -> Iterator[str]:
    """The licences of an expression, in lower case; exceptions (`WITH …`) are left out."""
    if licence.strip().lower() in _UNKNOWN:
        return
    text = re.sub(r"\bwith\s+[^\s()]+", " ", licence.lower())
    names = re.split(r"\s+(?:and|or)\s+", text.replace("(", " ").replace(")", " "))
    yield from (name.strip() for name in names if name.strip())


def _class_of(name: str) -> Strictness:
    if name in _UNKNOWN:
        return Strictness.UNKNOWN
    return _CLASS_OF.get(_plain(name), Strictness.UNLISTED)


def _plain(name: str) -> str:
    return re.sub(r"(-only|-or-later|\+)$", "", name)


def _rank(licence: str) -> tuple[int, int, str]:
    places = [_ORDER.get(_plain(part), -1) for part in _parts(licence)]
    return strictness(licence), max(places, default=-1), licence


def _clash(one: str, other: str) -> str | None:
    for a in _parts(one):
        for b in _parts(other):
            if reason := _reason(a, b) or _reason(b, a):
                return reason
    return None


def _reason(a: str, b: str) -> str | None:
    """Why `b` cannot be followed beside `a`; both are single licences."""
    if a in _VERSION_2 and _NOT_WITH_VERSION_2.fullmatch(b):
        return "version 2 of the GPL alone takes no terms that it does not have itself"
    if _GPL.fullmatch(a) and _NOT_WITH_GPL.fullmatch(b):
        return "the GPL takes no terms that it does not have itself"
    if _class_of(a) in _COPYLEFT and _class_of(b) in _FURTHER_TERMS:
        return "copyleft takes no restriction of use, and the other makes one"
    return None
