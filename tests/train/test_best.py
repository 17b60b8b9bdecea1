"""The best checkpoint of several, by files: what is kept, what comes out, what a kill leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.errors import TrainingError
from wizardcoder.train.best import Best, best_step, drop_scored, is_over, publish_best

WEIGHTS: Mapping[str, torch.Tensor] = {}


def export(folder: Path, weights: Mapping[str, torch.Tensor]) -> None:
    folder.mkdir(parents=True)
    (folder / "weights").write_text(folder.name)


def best_in(folder: Path, score: Callable[[Path], float] = lambda checkpoint: 0.5) -> Best:
    return Best(folder, score, export)


def kept(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in (folder / "scored").iterdir())


def take_all(folder: Path, scores: Mapping[int, float]) -> None:
    best = best_in(folder, lambda checkpoint: scores[int(checkpoint.name)])
    seen: dict[int, float] = {}
    for step in scores:
        seen[step] = best.take(step, WEIGHTS)
        best.keep(seen)


def test_only_the_best_checkpoint_is_kept(tmp_path: Path) -> None:
    take_all(tmp_path, {10: 0.2, 20: 0.5, 30: 0.4})
    assert kept(tmp_path) == [20]


def test_the_best_checkpoint_comes_out_with_what_its_scoring_left(tmp_path: Path) -> None:
    def score(checkpoint: Path) -> float:
        (checkpoint / "development").mkdir()
        (checkpoint / "development" / "verdicts").write_text("all")
        return 0.5

    best_in(tmp_path, score).take(20, WEIGHTS)
    publish_best(tmp_path, {20: 0.5})
    drop_scored(tmp_path)
    assert (tmp_path / "weights").read_text() == "00000020"
    assert (tmp_path / "development" / "verdicts").read_text() == "all"
    assert not (tmp_path / "scored").exists()


def test_publishing_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    best_in(tmp_path).take(20, WEIGHTS)
    (tmp_path / "weights").write_text("half of it")
    publish_best(tmp_path, {20: 0.5})
    assert (tmp_path / "weights").read_text() == "00000020"


def test_a_checkpoint_that_was_half_written_is_written_anew(tmp_path: Path) -> None:
    half = tmp_path / "scored" / "00000020"
    half.mkdir(parents=True)
    (half / "torn").touch()
    best_in(tmp_path).take(20, WEIGHTS)
    assert not (half / "torn").exists()


def test_want_of_memory_while_sampling_says_what_helps(tmp_path: Path) -> None:
    def score(checkpoint: Path) -> float:
        raise torch.OutOfMemoryError("tried to allocate 2 GiB")

    with pytest.raises(TrainingError, match=r"the checkpoint of step 20 .*batch_size lower"):
        best_in(tmp_path, score).take(20, WEIGHTS)


def test_other_errors_of_scoring_stay_what_they_are(tmp_path: Path) -> None:
    def score(checkpoint: Path) -> float:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        best_in(tmp_path, score).take(20, WEIGHTS)


SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75]), min_size=1).map(
    lambda rates: {10 * n: rate for n, rate in enumerate(rates, 1)}
)


@given(SCORES)
def test_the_best_step_is_the_first_of_the_highest_score(scores: dict[int, float]) -> None:
    step = best_step(scores)
    assert step is not None
    assert all(scores[other] < scores[step] for other in scores if other < step)
    assert all(scores[other] <= scores[step] for other in scores)


@given(SCORES)
def test_without_patience_it_is_never_over(scores: dict[int, float]) -> None:
    assert not is_over(scores, patience=0)
