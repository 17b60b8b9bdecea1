from __future__ import annotations

from pathlib import Path

import pytest

from wizardcoder.errors import StageConflictError
from wizardcoder.generate import run_stage
from wizardcoder.recipe import Generate
from wizardcoder.records import Completion
from wizardcoder.storage import Identity, Json, read_parquet

from .fakes import EchoEngine, Interrupted, problem

PROBLEMS = [problem(n) for n in range(5)]
OPTIONS = Generate(n=2)


def run(folder: Path, engine: EchoEngine, options: Generate = OPTIONS) -> Json:
    identity = Identity("generate", options.model_dump(mode="json"))
    return run_stage(folder, lambda: engine, PROBLEMS, options, identity=identity)


def stored(folder: Path) -> list[Completion]:
    return read_parquet(folder / "completions.parquet", Completion)


def test_completions_are_stored_in_the_order_of_the_problems(tmp_path: Path) -> None:
    run(tmp_path / "out", EchoEngine())
    assert [(c.task_id, c.sample) for c in stored(tmp_path / "out")] == [
        (f"test/{n}", sample) for n in range(5) for sample in range(2)
    ]


def test_the_manifest_counts_finish_reasons(tmp_path: Path) -> None:
    counts = run(tmp_path / "out", EchoEngine())["counts"]
    assert counts == {"completions": 10, "finish_reasons": {"stop": 10}, "truncated": 0}


def test_what_an_interrupted_generation_made_is_kept(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run(tmp_path / "out", EchoEngine(patience=4))
    engine = EchoEngine()
    run(tmp_path / "out", engine)
    assert len(engine.prompts) == 6


def test_an_interrupted_generation_ends_with_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "whole", EchoEngine())
    with pytest.raises(Interrupted):
        run(tmp_path / "parts", EchoEngine(patience=4))
    run(tmp_path / "parts", EchoEngine())
    whole, parts = (tmp_path / name / "completions.parquet" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_a_finished_generation_loads_no_engine(tmp_path: Path) -> None:
    manifest = run(tmp_path / "out", EchoEngine())
    engine = EchoEngine()
    assert run(tmp_path / "out", engine) == manifest
    assert engine.samplings == []


def test_other_options_are_refused(tmp_path: Path) -> None:
    run(tmp_path / "out", EchoEngine())
    with pytest.raises(StageConflictError, match=r"options\.max_tokens"):
        run(tmp_path / "out", EchoEngine(), Generate(n=2, max_tokens=9))


def test_samples_stay_when_more_are_forced(tmp_path: Path) -> None:
    run(tmp_path / "out", EchoEngine())
    engine, options = EchoEngine(), Generate(n=3)
    identity = Identity("generate", options.model_dump(mode="json"))
    run_stage(tmp_path / "out", lambda: engine, PROBLEMS, options, identity=identity, force=True)
    assert len(engine.prompts) == 5


def test_more_samples_draw_only_what_is_missing(tmp_path: Path) -> None:
    run(tmp_path / "out", EchoEngine())
    engine = EchoEngine()
    run(tmp_path / "out", engine, Generate(n=5))
    assert len(engine.prompts) == 15
    run(tmp_path / "whole", EchoEngine(), Generate(n=5))
    grown, whole = (tmp_path / name / "completions.parquet" for name in ("out", "whole"))
    assert grown.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_fewer_samples_are_the_first_ones_and_none_is_lost(tmp_path: Path) -> None:
    run(tmp_path / "out", EchoEngine(), Generate(n=5))
    many = stored(tmp_path / "out")
    engine = EchoEngine()
    run(tmp_path / "out", engine)
    assert engine.prompts == []
    assert stored(tmp_path / "out") == [c for c in many if c.sample < 2]
    (aside,) = tmp_path.glob("out.old-*")
    assert stored(aside) == many


def test_an_interrupted_generation_goes_on_with_another_number_of_samples(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run(tmp_path / "out", EchoEngine(patience=4))
    engine = EchoEngine()
    run(tmp_path / "out", engine, Generate(n=3))
    assert len(engine.prompts) == 11


def test_a_kill_while_samples_are_taken_over_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "out", EchoEngine())
    rename, out = Path.rename, tmp_path / "out"

    def killed(path: Path, target: Path) -> Path:
        if path == out:
            raise Interrupted
        return rename(path, target)

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Path, "rename", killed)
        run(out, EchoEngine(), Generate(n=3))
    engine = EchoEngine()
    run(out, engine, Generate(n=3))
    assert len(engine.prompts) == 5


def test_stop_sequences_reach_the_engine(tmp_path: Path) -> None:
    engine, options = EchoEngine(), Generate(stop=["\nEND"])
    identity = Identity("generate", options.model_dump(mode="json"))
    stops = ("\ndef",)
    run_stage(tmp_path / "out", lambda: engine, PROBLEMS, options, identity=identity, stops=stops)
    assert engine.samplings[0].stop == ("\nEND", "\ndef")
