"""Which licence of several is the strictest, and which do not go together."""

from __future__ import annotations

from itertools import pairwise

import pytest

from wizardcoder.export.licences import (
    Strictness,
    clashes,
    hub_metadata,
    is_unknown,
    strictest,
    strictness,
)

#: One of each class, from lax to strict.
LADDER = (
    "CC0-1.0",
    "MIT",
    "MPL-2.0",
    "GPL-3.0-or-later",
    "AGPL-3.0-only",
    "bigcode-openrail-m",
    "CC-BY-NC-4.0",
    "CC-BY-ND-4.0",
    "LicenseRef-ours",
    "unknown",
)


def test_each_class_is_stricter_than_the_one_before() -> None:
    assert [strictness(licence) for licence in LADDER] == list(Strictness)


@pytest.mark.parametrize(("lax", "strict"), [*pairwise(LADDER)])
def test_the_strictest_is_found_in_any_order(lax: str, strict: str) -> None:
    assert strictest([lax, strict]) == strictest([strict, lax]) == strict


def test_the_licence_of_code_alpaca_is_stricter_than_any_copyleft() -> None:
    assert strictest(["Apache-2.0", "CC-BY-NC-4.0", "AGPL-3.0-only"]) == "CC-BY-NC-4.0"


def test_within_a_class_the_answer_is_always_the_same() -> None:
    assert strictest(["MIT", "Apache-2.0"]) == strictest(["Apache-2.0", "MIT"]) == "Apache-2.0"
    assert strictest(["CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"]) == "CC-BY-NC-SA-4.0"


@pytest.mark.parametrize("name", ["", "unknown", "Unknown", "NOASSERTION", "other", " none "])
def test_a_licence_that_nobody_named_is_unknown(name: str) -> None:
    assert is_unknown(name)


def test_a_licence_outside_the_table_is_known_by_name() -> None:
    assert not is_unknown("My-Own-1.0")
    assert "not among" in strictness("My-Own-1.0").words


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT OR Apache-2.0", Strictness.PERMISSIVE),
        ("MIT AND GPL-2.0-only", Strictness.STRONG_COPYLEFT),
        ("(MIT OR AGPL-3.0-only) AND BSD-3-Clause", Strictness.NETWORK_COPYLEFT),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Strictness.STRONG_COPYLEFT),
        ("MIT AND LicenseRef-x", Strictness.UNLISTED),
        ("GPL-2.0+", Strictness.STRONG_COPYLEFT),
    ],
)
def test_of_an_expression_the_strictest_part_counts(expression: str, expected: Strictness) -> None:
    assert strictness(expression) is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Apache-2.0", "GPL-2.0-only"),
        ("GPL-2.0-only", "GPL-3.0-only"),
        ("gpl-3.0", "CDDL-1.0"),
        ("CC-BY-SA-4.0", "CC-BY-NC-4.0"),
        ("GPL-3.0-only", "CC-BY-NC-4.0"),
        ("AGPL-3.0-or-later", "bigcode-openrail-m"),
    ],
)
def test_pairs_that_do_not_go_together_are_named(one: str, other: str) -> None:
    (clash,) = clashes([one, other])
    assert {clash.one, clash.other} == {one, other}
    assert clash.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MIT", "Apache-2.0"),
        ("Apache-2.0", "GPL-3.0-only"),
        ("Apache-2.0", "GPL-2.0-or-later"),
        ("MPL-2.0", "GPL-3.0-only"),
        ("MIT", "CC-BY-NC-4.0"),
        ("LGPL-2.1-only", "GPL-2.0-only"),
        ("GPL-2.0-only", "gpl-2.0-only"),
        ("unknown", "GPL-3.0-only"),
    ],
)
def test_pairs_that_go_together_or_that_nobody_knows_are_not(one: str, other: str) -> None:
    assert clashes([one, other]) == []


@pytest.mark.parametrize(
    ("licence", "metadata"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("LGPL-3.0-or-later", {"license": "lgpl-3.0"}),
        ("ODbL-1.0", {"license": "odbl"}),
        ("0BSD", {"license": "other", "license_name": "0BSD"}),
        ("LicenseRef-ours", {"license": "other", "license_name": "LicenseRef-ours"}),
        ("MIT OR Apache-2.0", {"license": "other", "license_name": "MIT OR Apache-2.0"}),
        ("NOASSERTION", {"license": "unknown"}),
    ],
)
def test_the_hub_is_told_in_its_own_words(licence: str, metadata: dict[str, str]) -> None:
    assert hub_metadata(licence) == metadata
