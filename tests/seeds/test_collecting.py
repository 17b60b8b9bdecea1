"""A code base gives its functions and classes, with their licences, and none of its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.seeds.codebase import AWS_KEY, FOUND, LEFT_OUT, PASSWORD, PRIVATE_KEY, function, plant
from wizardcoder.errors import InputError
from wizardcoder.seeds.codebase import CodebaseOptions
from wizardcoder.seeds.collecting import Collection, collect


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return collect(plant(tmp_path_factory.mktemp("planted") / "code"), CodebaseOptions())


def test_each_definition_says_where_it_stands_and_under_which_licence(planted: Collection) -> None:
    assert {d.source: (d.licence, d.language) for d in planted.definitions} == FOUND


def test_what_is_left_out_names_its_one_rule(planted: Collection) -> None:
    assert {row.source: (row.rule, row.detail) for row in planted.left_out} == LEFT_OUT


def test_nobody_learns_a_secret(planted: Collection) -> None:
    for secret in (AWS_KEY, PASSWORD, PRIVATE_KEY):
        assert secret not in repr(planted)


def test_what_was_not_looked_at_is_counted(planted: Collection) -> None:
    assert planted.counts == {"ignored": 3, "vendored": 1, "link": 3, "other_kind": 7}


def test_ids_follow_files_and_lines(planted: Collection) -> None:
    assert [d.id for d in planted.definitions] == [f"code/{n:06d}" for n in range(1, 9)]
    assert [d.source for d in planted.definitions] == sorted(FOUND)


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_the_code(
    planted: Collection,
) -> None:
    code = next(d.code for d in planted.definitions if d.source == "src/ünï.py:1")
    assert code == function("größe").rstrip()


def test_a_licence_that_is_given_is_for_what_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(function("a"))
    (tmp_path / "b.py").write_text("# SPDX-License-Identifier: ISC\n" + function("b"))
    found = collect(tmp_path, CodebaseOptions(), "LicenseRef-Mine")
    assert [d.licence for d in found.definitions] == ["LicenseRef-Mine", "ISC"]


def test_a_folder_without_code_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    (tmp_path / ".env").write_text("A=1")
    with pytest.raises(InputError, match=r"no function or class .*1 secret, 1 other_kind"):
        collect(tmp_path, CodebaseOptions())


def test_sizes_are_options(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(function("a"))
    options = CodebaseOptions(min_lines=5, max_lines=5, max_file_bytes=1000)
    assert len(collect(tmp_path, options).definitions) == 1
    wrong: dict[str, Any]
    for wrong in ({"min_lines": 6}, {"max_lines": 4}, {"max_file_bytes": 10}):
        with pytest.raises(InputError):
            collect(tmp_path, CodebaseOptions(**wrong))
