from __future__ import annotations

import json
import math
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from wizardcoder.errors import MissingDataError, StageConflictError, TrainingError
from wizardcoder.progress import Progress
from wizardcoder.recipe import Train
from wizardcoder.records import Record
from wizardcoder.train import fit, from_records, pretrain
from wizardcoder.train.batches import Batch
from wizardcoder.train.journal import LOG
from wizardcoder.train.learner import Learner

from .conftest import BASE_OPTIONS, TEXTS, make_records


class Stopped(Exception):
    """Stands for whatever ends a training."""


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / LOG).read_text().splitlines()]


def same_weights(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def stop_at(step: int) -> Progress:
    def progress(done: int, total: int | None, note: str = "") -> None:
        if done == step:
            raise Stopped

    return progress


def options_with(**changes: object) -> Train:
    values = {
        "lr": 1e-2,
        "warmup_steps": 2,
        "rows_per_step": 4,
        "rows_per_batch": 2,
        "length_tokens": 96,
        "precision": "fp32",
        "steps": 12,
        "ema": True,
        "checkpoint_seconds": 1e-6,
    }
    return Train.model_validate({**values, **changes})


@pytest.fixture(scope="module")
def tuned(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint from an uninterrupted training."""
    folder = tmp_path_factory.mktemp("tuned") / "arm"
    fit(make_records(), base, options_with(), folder)
    return folder


def test_a_checkpoint_is_loaded_by_the_auto_classes(tuned: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tuned)
    tokenizer = AutoTokenizer.from_pretrained(tuned)
    assert model.config.model_type == "gpt_bigcode"
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.config._attn_implementation == "sdpa"


def test_a_checkpoint_folder_holds_nothing_of_the_unfinished_one(tuned: Path) -> None:
    names = {path.name for path in tuned.iterdir()}
    assert {"manifest.json", "model.safetensors", "tokenizer.json", LOG} <= names
    assert not {name for name in names if name.startswith((".", "state", "identity"))}
    assert not tuned.with_name("arm.partial").exists()


def test_the_log_has_a_line_per_step_with_falling_loss(tuned: Path) -> None:
    line = json.loads((tuned / LOG).read_text().splitlines()[-1])
    assert line["step"] == 12
    assert {"label_tokens", "tokens", "loss", "lr", "tokens_per_second", "seconds"} <= line.keys()
    assert losses(tuned)[-1] < losses(tuned)[0]


def test_the_manifest_counts_what_was_seen(tuned: Path) -> None:
    counts = json.loads((tuned / "manifest.json").read_text())["counts"]
    assert (counts["examples"], counts["rejected"], counts["truncated"]) == (40, 0, 0)
    assert counts["steps"] == 12
    assert counts["tokens"] > counts["label_tokens"] > 0


def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    tuned: Path, base: Path, records: list[Record], tmp_path: Path
) -> None:
    for step in (3, 8):
        with pytest.raises(Stopped):
            fit(records, base, options_with(), tmp_path / "arm", progress=stop_at(step))
    fit(records, base, options_with(), tmp_path / "arm")
    assert same_weights(tmp_path / "arm", tuned)
    assert losses(tmp_path / "arm") == losses(tuned)


def test_an_interrupted_training_in_bf16_ends_as_an_uninterrupted_one(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    options = options_with(precision="bf16")
    fit(records, base, options, tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(records, base, options, tmp_path / "parts", progress=stop_at(5))
    fit(records, base, options, tmp_path / "parts")
    assert same_weights(tmp_path / "parts", tmp_path / "whole")


def test_resuming_does_not_repeat_steps(base: Path, records: list[Record], tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        fit(records, base, options_with(), tmp_path / "arm", progress=stop_at(6))
    seen: list[int] = []
    fit(
        records,
        base,
        options_with(),
        tmp_path / "arm",
        progress=lambda done, total, note="": seen.append(done),
    )
    assert seen == list(range(6, 13))  # the state after step 5 is the last one saved


def test_a_training_killed_at_a_random_step_ends_as_an_uninterrupted_one(
    tuned: Path, base: Path, records: list[Record], tmp_path: Path
) -> None:
    seed = time.time_ns()
    step = random.Random(seed).randint(2, 11)
    print(f"seed {seed}: killed after step {step}")  # shown where this fails
    script = textwrap.dedent(f"""
        import os, signal, torch
        torch.set_num_threads(1)
        from pathlib import Path
        from wizardcoder.recipe import Train
        from wizardcoder.records import Record
        from wizardcoder.train import fit
        def kill(done, total, note=""):
            if done == {step}:
                os.kill(os.getpid(), signal.SIGKILL)
        records = {records!r}
        options = Train.model_validate({options_with().model_dump()!r})
        fit(records, Path({str(base)!r}), options, Path({str(tmp_path / "arm")!r}), progress=kill)
    """)
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(losses(tmp_path / "arm.partial")) == step
    fit(records, base, options_with(), tmp_path / "arm")
    assert losses(tmp_path / "arm") == pytest.approx(losses(tuned), abs=1e-4)
    assert same_weights(tmp_path / "arm", tuned)


def test_a_finished_training_is_not_done_again(
    tuned: Path, base: Path, records: list[Record]
) -> None:
    modified = (tuned / "model.safetensors").stat().st_mtime_ns
    result = fit(records, base, options_with(), tuned)
    assert result.steps == 12
    assert (tuned / "model.safetensors").stat().st_mtime_ns == modified


def test_other_options_are_refused(tuned: Path, base: Path, records: list[Record]) -> None:
    with pytest.raises(StageConflictError, match=r"options\.lr"):
        fit(records, base, options_with(lr=0.5), tuned)


def test_other_examples_are_refused(tuned: Path, base: Path, records: list[Record]) -> None:
    with pytest.raises(StageConflictError, match=r"inputs\.examples"):
        fit(records[1:], base, options_with(), tuned)


def test_a_base_with_other_weights_is_refused(tuned: Path, records: list[Record]) -> None:
    with pytest.raises(StageConflictError, match=r"inputs\.base"):
        fit(records, tuned, options_with(), tuned)


def test_the_same_base_in_another_place_is_the_same_training(
    tuned: Path, base: Path, records: list[Record], tmp_path: Path
) -> None:
    shutil.copytree(base, tmp_path / "moved")
    assert fit(records, tmp_path / "moved", options_with(), tuned).steps == 12


def test_another_checkpoint_interval_is_the_same_training(
    tuned: Path, base: Path, records: list[Record]
) -> None:
    assert fit(records, base, options_with(checkpoint_seconds=5.0), tuned).steps == 12


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(
    tuned: Path, base: Path, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sum_of_losses = Learner._loss_sum
    calls: list[int] = []

    def broken(self: Learner, batch: object) -> torch.Tensor:
        calls.append(1)
        loss = sum_of_losses(self, batch)  # type: ignore[arg-type]
        return loss * math.nan if len(calls) > 6 else loss

    monkeypatch.setattr(Learner, "_loss_sum", broken)
    with pytest.raises(TrainingError, match=r"the loss of step 4 is nan .*precision"):
        fit(records, base, options_with(), tmp_path / "arm")
    (state,) = (tmp_path / "arm.partial" / "states").iterdir()
    assert state.name == "00000003"
    monkeypatch.undo()
    fit(records, base, options_with(), tmp_path / "arm")
    assert same_weights(tmp_path / "arm", tuned)


def test_gradients_that_are_not_finite_stop_before_a_weight_changes(
    tuned: Path, base: Path, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accumulate = Learner.accumulate
    calls: list[int] = []

    def broken(self: Learner, batches: Iterable[Batch], labels: int) -> float:
        calls.append(1)
        loss = accumulate(self, batches, labels)
        if len(calls) == 4:
            next(iter(self.learning().values())).grad.fill_(math.inf)  # type: ignore[union-attr]
        return loss

    monkeypatch.setattr(Learner, "accumulate", broken)
    with pytest.raises(TrainingError, match=r"norm of the gradients of step 4 is inf .*precision"):
        fit(records, base, options_with(), tmp_path / "arm")
    monkeypatch.undo()
    fit(records, base, options_with(), tmp_path / "arm")
    assert same_weights(tmp_path / "arm", tuned)


def test_rows_longer_than_the_base_has_positions_are_refused(
    base: Path, records: list[Record], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="length_tokens = 4096: the base model has 128"):
        fit(records, base, options_with(length_tokens=4096), tmp_path / "arm")


def test_a_base_that_does_not_exist_is_named(records: list[Record], tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"base.model = '.*nowhere': cannot be loaded"):
        fit(records, tmp_path / "nowhere", options_with(), tmp_path / "arm")


def test_pre_training_learns_the_texts(base: Path) -> None:
    assert losses(base)[-1] < 0.5 * losses(base)[0]


def test_pre_training_twice_gives_the_same_bytes(base: Path, tmp_path: Path) -> None:
    again = tmp_path / "base"
    pretrain(
        TEXTS,
        BASE_OPTIONS,
        again,
        vocabulary_texts=[e.prompt for e in from_records(make_records())],
    )
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (again / name).read_bytes() == (base / name).read_bytes()
