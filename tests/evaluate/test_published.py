"""The table of published scores and completions."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizardcoder.evaluate import model_of, published, published_generations
from wizardcoder.storage import sha256


def test_the_papers_scores_are_there_with_their_source() -> None:
    (greedy,) = (p for p in published("humaneval", "WizardCoder-15B-V1.0") if p.how == "greedy")
    assert greedy.pass_at_1 == 59.8
    assert greedy.source


def test_every_score_is_a_percentage_with_a_source() -> None:
    for benchmark in ("humaneval", "humanevalplus", "mbpp", "mbppplus", "ds1000"):
        assert published(benchmark)
        assert all(0 < entry.pass_at_1 < 100 and entry.source for entry in published(benchmark))


def test_every_known_file_belongs_to_a_model_with_a_published_score() -> None:
    for entry in published_generations():
        assert published(entry.benchmark, entry.model)


@pytest.mark.real_data
def test_the_files_at_hand_are_the_known_ones(shared: Path) -> None:
    for entry in published_generations():
        file = shared / "data/generations" / entry.benchmark / entry.file
        assert model_of(sha256(file)) == entry.model


def test_an_unknown_file_belongs_to_nobody() -> None:
    assert model_of("0" * 64) is None
