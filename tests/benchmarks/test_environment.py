"""What is known of an installed environment."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import planted_ds1000 as planted
from wizardcoder.benchmarks import environment


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def finished(version: str) -> environment.Environment:
    found = planted.environment(environment.folder_of(version))
    environment.finish(replace(found, python_version=version))
    return replace(found, python_version=version)


def test_a_finished_environment_is_found() -> None:
    found = finished("3.10.13")
    assert environment.find() == found


def test_an_interrupted_installation_is_not_found() -> None:
    found = finished("3.10.13")
    environment.unfinish(Path(found.folder))
    assert environment.find() is None


def test_the_one_that_was_finished_last_is_found() -> None:
    first, last = finished("3.11.7"), finished("3.10.13")
    os.utime(Path(first.folder) / "environment.json", (1, 1))
    assert environment.find() == last


def test_an_environment_whose_interpreter_has_gone_is_not_found() -> None:
    Path(finished("3.10.13").python).unlink()
    assert environment.find() is None


@pytest.mark.parametrize("text", ["", "[]", '{"format": 0}', '{"format": 1}'])
def test_a_marker_of_another_kind_is_no_environment(text: str) -> None:
    found = finished("3.10.13")
    (Path(found.folder) / "environment.json").write_text(text, encoding="utf-8")
    assert environment.find() is None


def test_the_authors_environment_has_no_differences(tmp_path: Path) -> None:
    assert planted.environment(tmp_path).differences() == []


def test_every_difference_from_the_authors_environment_is_said(tmp_path: Path) -> None:
    found = planted.environment(tmp_path, without=("gensim",))
    versions = {**found.versions, "torch": "2.13.0+cpu", "numpy": "1.26.4"}
    found = replace(found, python_version="3.11.7", versions=versions)
    assert found.differences() == [
        "Python 3.11.7 for 3.10",
        "no gensim 4.3.2",
        "torch 2.13.0+cpu for 2.2.0",
    ]


def test_a_build_of_the_pinned_version_for_processors_is_no_difference(tmp_path: Path) -> None:
    found = planted.environment(tmp_path)
    found = replace(found, versions={**found.versions, "torch": "2.2.0+cpu"})
    assert found.differences() == []


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import numpy as np", {"numpy"}),
        ("import os.path, sys as s", {"os", "sys"}),
        ("from a.b import c", {"a"}),
        ('text = """\n  import torch\n"""', {"torch"}),
        ("# import torch", set()),
        ("important = 1", set()),
    ],
)
def test_imports_are_read_from_code_and_from_the_code_in_its_texts(
    source: str, modules: set[str]
) -> None:
    assert environment.imports(source) == modules
