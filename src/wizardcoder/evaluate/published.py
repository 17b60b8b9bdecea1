"""Scores and generations that others published, each with its source, to stand beside ours."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published pass@1, in percent. `part`: `base` for the original tests of a `+` benchmark."""

    model: str
    benchmark: str
    pass_at_1: float
    how: str
    source: str
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """A published file of completions. `member`: its name in the archive at `url`, if it is one.

    `file` is its name in a data folder, below `generations/BENCHMARK/`; `headline`: compared in the
    abstract of the paper.
    """

    model: str
    benchmark: str
    file: str
    sha256: str
    url: str
    member: str = ""
    headline: bool = False


def published(benchmark: str, model: str | None = None) -> list[Published]:
    """The published scores of a benchmark, of all models or of one."""
    found = (Published(**row) for row in _table()["score"])
    return [p for p in found if p.benchmark == benchmark and model in (None, p.model)]


def published_generations() -> list[Generations]:
    """The files of completions that are known, in the order of the table."""
    return [Generations(**row) for row in _table()["generations"]]


def model_of(sha256: str) -> str | None:
    """The model whose published completions have this hash."""
    return next((g.model for g in published_generations() if g.sha256 == sha256), None)


@cache
def _table() -> dict[str, Any]:
    text = files("wizardcoder.evaluate").joinpath("published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
