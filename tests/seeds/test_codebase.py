"""A walk through a code base sees what git sees, and never leaves the folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.seeds.codebase import function, plant
from wizardcoder.seeds.codebase import CodebaseOptions, digest, walk


def names(root: Path, **options: str) -> list[str]:
    return [file.name for file in walk(root, CodebaseOptions(**options)).files]


def write(root: Path, *files: str, **contents: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("x = 1\n")
    for folder, content in contents.items():
        path = root / ("" if folder == "top" else folder) / ".gitignore"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


IGNORING = [
    {"top": "b.py\n"},
    {"top": "/b.py\nsub/**/c.py\n"},
    {"top": "*.py\n!c.py\n"},
    {"top": "sub/\n!sub/b.py\n"},  # what an ignored folder holds cannot be had back
    {"top": "sub/*\n!sub/b.py\n"},
    {"top": "*.py\n", "sub": "!b.py\n"},
    {"sub": "/b.py\n# c.py\n\\#d.py\n"},
    {"top": "**/deep/\n", "sub": "*\n!deep\n!deep/c.py\n"},
    {"top": "*\n!*/\n!b.py\n"},
    {"top": "*.py\n!sub/\n"},
    {"top": "build\n!build/\nsub/deep\n", "sub": "!deep\n"},
    {"top": "[\n!\n*.p[yz]\n!sub/deep/*\n"},
]


@pytest.mark.parametrize("contents", IGNORING)
def test_what_git_ignores_is_not_seen(tmp_path: Path, contents: dict[str, str]) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    files = "a.py", "b.py", "c.py", "sub/a.py", "sub/b.py", "sub/c.py", "sub/deep/c.py"
    write(tmp_path, *files, "sub/#d.py", **contents)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    command = ["git", "-C", tmp_path, "ls-files", "-o", "--exclude-standard", "*.py"]
    wanted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert names(tmp_path) == sorted(wanted.split())


def test_a_part_of_a_repository_obeys_the_patterns_above_it(tmp_path: Path) -> None:
    write(tmp_path, "pkg/a.py", "pkg/b.py", top="b.py\n")
    (tmp_path / ".git" / "info").mkdir(parents=True)
    assert names(tmp_path / "pkg") == ["a.py"]
    (tmp_path / ".git" / "info" / "exclude").write_text("pkg/a.py\n")
    assert names(tmp_path / "pkg") == []


def test_a_folder_that_its_repository_ignores_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, "own/a.py", top="own/\n")
    (tmp_path / ".git").mkdir()
    assert names(tmp_path / "own") == ["a.py"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    root = plant(tmp_path / "code")
    assert not any("link" in name or "loop" in name for name in names(root))


def test_include_and_exclude_are_patterns(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py", "sub/a.py", "sub/c.py")
    assert names(tmp_path, include="sub/, b.*") == ["b.py", "sub/a.py", "sub/c.py"]
    assert names(tmp_path, include="a.py", exclude="/a.py") == ["sub/a.py"]


def test_a_name_that_is_no_unicode_is_shown_with_escapes(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x = 1\n")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert names(tmp_path) == ["caf\\xe9.py"]


def test_the_digest_is_of_what_seeds_come_from(tmp_path: Path) -> None:
    options = CodebaseOptions()
    (tmp_path / "a.py").write_text(function("a"))
    before = digest(tmp_path, options)
    (tmp_path / "README.md").write_text("more")
    assert digest(tmp_path, options) == before
    (tmp_path / "LICENSE").write_text("Apache License\nVersion 2.0, January 2004\n")
    licensed = digest(tmp_path, options)
    (tmp_path / "a.py").write_text(function("b"))
    assert len({before, licensed, digest(tmp_path, options)}) == 3
