from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from accelerate import tracking
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from wizardcoder.errors import RecipeError, UsageError
from wizardcoder.train import trackers
from wizardcoder.train.trackers import Trackers, check


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def test_tensorboard_shows_the_numbers_of_each_step(tmp_path: Path) -> None:
    opened = Trackers(["tensorboard"], tmp_path)
    opened.log({"loss": 0.5, "mfu": None}, 1)
    opened.log({"loss": 0.25}, 2)
    opened.close()
    assert scalars(tmp_path, "loss") == [(1, 0.5), (2, 0.25)]


def test_steps_that_are_done_again_replace_those_before(tmp_path: Path) -> None:
    for done, loss in ((0, 0.5), (1, 0.125)):
        opened = Trackers(["tensorboard"], tmp_path, steps_done=done)
        opened.log({"loss": loss}, done + 1)
        opened.log({"loss": loss}, done + 2)
        opened.close()
    assert scalars(tmp_path, "loss") == [(1, 0.5), (2, 0.125), (3, 0.125)]


def test_a_service_is_called_by_the_name_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []

    class Service:
        requires_logging_directory = False

        def __init__(self, run_name: str, **settings: Any) -> None:
            said.append((run_name, settings))

        def start(self) -> None:
            said.append("start")

        def log(self, values: Mapping[str, float], step: int) -> None:
            said.append((values, step))

        def finish(self) -> None:
            said.append("finish")

    monkeypatch.setitem(tracking.LOGGER_TYPE_TO_CLASS, "wandb", Service)
    monkeypatch.setattr(trackers, "find_spec", lambda name: name)
    opened = Trackers(["wandb"], tmp_path / "seed.partial")
    opened.log({"loss": 0.5}, 1)
    opened.close()
    assert said == [("seed", {}), "start", ({"loss": 0.5}, 1), "finish"]


def test_a_service_that_nobody_knows_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"has 'tensorbored': known are tensorboard, aim"):
        check(["tensorbored"])


def test_a_package_that_is_missing_is_named_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install comet-ml"):
        check(["comet_ml"])
    with pytest.raises(UsageError, match=r"wizardcoder\[train\]"):
        check(["tensorboard"])


def test_all_services_are_those_of_accelerate() -> None:
    assert {*trackers.SERVICES, "tensorboard"} == {str(n) for n in tracking.LOGGER_TYPE_TO_CLASS}
