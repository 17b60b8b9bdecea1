"""What happens to a training under way: signals, want of memory, scores."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from wizardcoder.errors import MissingDataError, TrainingError
from wizardcoder.recipe import Train
from wizardcoder.records import Record
from wizardcoder.train import TrainResult, fit
from wizardcoder.train.journal import LOG
from wizardcoder.train.learner import Learner
from wizardcoder.train.training import LogLine

from .test_stage import Stopped, losses, options_with, same_weights, stop_at

OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
]


def quick(**changes: object) -> Train:
    return options_with(**{"trackers": [], "ema": False, "checkpoint_seconds": 1e6, **changes})


def lines(folder: Path) -> list[LogLine]:
    return [LogLine(**json.loads(line)) for line in (folder / LOG).read_text().splitlines()]


def fail_when(
    monkeypatch: pytest.MonkeyPatch, condition: Callable[[int], bool], error: Exception
) -> None:
    """Let passes over more rows than fit into memory fail, as `condition(tokens)` says."""
    whole = Learner._loss_sum

    def failing(self: Learner, batch: object) -> torch.Tensor:
        if condition(batch.ids.numel()):  # type: ignore[attr-defined]
            raise error
        return whole(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "_loss_sum", failing)


# Signals


def test_sigterm_ends_the_step_and_saves_it_first(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    def terminate(done: int, total: int | None, note: str = "") -> None:
        if done == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    def handle(number: int, frame: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, handle)
    try:
        with pytest.raises(Stopped):
            fit(records, base, quick(), tmp_path / "arm", progress=terminate)
        assert signal.getsignal(signal.SIGTERM) is handle
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [p.name for p in (tmp_path / "arm.partial" / "states").iterdir()] == ["00000005"]
    fit(records, base, quick(), tmp_path / "arm")
    fit(records, base, quick(), tmp_path / "whole")
    assert losses(tmp_path / "arm") == losses(tmp_path / "whole")
    assert same_weights(tmp_path / "arm", tmp_path / "whole")


# Memory


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["cuda", "cpu"])
def test_want_of_memory_halves_the_rows_of_a_pass_and_keeps_those_of_a_step(
    error: Exception,
    base: Path,
    records: list[Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = quick(rows_per_batch=4, steps=6)
    fit(records, base, options, tmp_path / "whole")
    fail_when(monkeypatch, lambda tokens: tokens > 200, error)
    result = fit(records, base, options, tmp_path / "arm")
    assert result.halvings == 1
    assert {line.rows_per_batch for line in lines(tmp_path / "arm")} == {2}
    assert losses(tmp_path / "arm") == pytest.approx(losses(tmp_path / "whole"), abs=1e-4)


def test_what_does_not_fit_row_by_row_stops_with_what_helps(
    base: Path, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_when(monkeypatch, lambda tokens: True, OUT_OF_MEMORY[0])
    with pytest.raises(TrainingError, match=r"single row .*gradient_checkpointing = true"):
        fit(records, base, quick(), tmp_path / "arm")


def test_other_errors_are_not_taken_for_want_of_memory(
    base: Path, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_when(monkeypatch, lambda tokens: True, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        fit(records, base, quick(), tmp_path / "arm")


def test_other_sizes_of_passes_are_the_same_training(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        fit(
            records,
            base,
            quick(rows_per_batch=4, checkpoint_seconds=1e-6),
            tmp_path / "arm",
            progress=stop_at(5),
        )
    options = quick(rows_per_batch=1, gradient_checkpointing=True)
    assert fit(records, base, options, tmp_path / "arm").steps == 12
    assert [line.rows_per_batch for line in lines(tmp_path / "arm")] == [4] * 4 + [1] * 8


# Scores


def scored(
    base: Path, records: list[Record], out: Path, scores: list[float], **changes: object
) -> TrainResult:
    """A training whose scores, every three steps, are given."""
    left = iter(scores)

    def score(checkpoint: Path) -> float:
        assert (checkpoint / "tokenizer.json").exists()
        AutoModelForCausalLM.from_pretrained(checkpoint)
        return next(left)

    return fit(records, base, quick(score_every_steps=3, **changes), out, score=score)


def test_the_checkpoint_of_the_best_score_comes_out(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    result = scored(base, records, tmp_path / "arm", [0.2, 0.6, 0.6, 0.1])
    assert (result.steps, result.best_step, result.pass_at_1) == (12, 6, 0.6)
    fit(records, base, quick(), tmp_path / "last")
    weights, last = (load_file(tmp_path / n / "model.safetensors") for n in ("arm", "last"))
    assert weights.keys() == last.keys()
    assert not torch.equal(*(w["transformer.wte.weight"] for w in (weights, last)))
    assert not {p.name for p in (tmp_path / "arm").iterdir()} & {"best", "candidate", "states"}


def test_scores_are_written_into_the_log(base: Path, records: list[Record], tmp_path: Path) -> None:
    scored(base, records, tmp_path / "arm", [0.2, 0.6, 0.6, 0.1])
    found = {line.step: line.pass_at_1 for line in lines(tmp_path / "arm") if line.pass_at_1}
    assert found == {3: 0.2, 6: 0.6, 9: 0.6, 12: 0.1}


def test_training_stops_when_scores_do_not_get_better(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    result = scored(base, records, tmp_path / "arm", [0.5, 0.4, 0.3], patience=2)
    assert (result.steps, result.best_step, len(lines(tmp_path / "arm"))) == (9, 3, 9)


def test_a_training_killed_while_scoring_goes_on_with_that_score(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    scored(base, records, tmp_path / "whole", [0.2, 0.6, 0.5, 0.4])

    def kill(checkpoint: Path) -> float:
        raise Stopped

    with pytest.raises(Stopped):
        fit(records, base, quick(score_every_steps=3), tmp_path / "arm", score=kill)
    assert len(lines(tmp_path / "arm.partial")) == 3
    result = scored(base, records, tmp_path / "arm", [0.2, 0.6, 0.5, 0.4])
    assert (result.best_step, result.pass_at_1) == (6, 0.6)
    assert same_weights(tmp_path / "arm", tmp_path / "whole")


# Before any work


def test_a_wrong_base_leaves_no_folder(records: list[Record], tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="cannot be loaded"):
        fit(records, tmp_path / "nowhere", quick(), tmp_path / "models" / "arm")
    assert not (tmp_path / "models" / "arm.partial").exists()


def test_an_empty_data_set_leaves_no_folder(base: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to learn"):
        fit([], base, quick(), tmp_path / "models" / "arm")
    assert not (tmp_path / "models" / "arm.partial").exists()
