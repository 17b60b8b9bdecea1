"""A whole run that finds its number of rounds itself, with answers verified in the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import tiny
from wizardcoder import recipe
from wizardcoder.errors import RecipeError, UsageError
from wizardcoder.pipeline import Run, evol_stop, open_run, run_all
from wizardcoder.records import Record
from wizardcoder.storage import read_manifest, read_parquet

SETTINGS = (
    "evolve.rounds=auto",
    "evolve.stop.max_rounds=2",
    "evolve.stop.benchmark=miniature-dev",
    "evolve.verify.enabled=true",
    "evaluate.benchmarks=['miniature']",
)


def wanted(folder: Path, *more: str) -> recipe.Recipe:
    return recipe.load(tiny.write_recipe(folder), [*SETTINGS, *more])


class Unplugged(BaseException):
    """The run ends here, whatever it was doing."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run that was interrupted in the middle of its second round."""
    folder = tmp_path_factory.mktemp("auto")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        run = open_run(folder / "run", wanted(folder))

        def unplugged(self: Run, *arguments: object, **options: object) -> None:
            raise Unplugged

        with pytest.MonkeyPatch.context() as cut, pytest.raises(Unplugged):
            cut.setattr(evol_stop, "write", unplugged)
            run_all(run)
        run_all(run)
    return run


@pytest.mark.slow
def test_it_says_what_it_tried_and_which_round_was_the_best(found: Run) -> None:
    shown = json.loads((found.path / "report" / "results.json").read_text())
    said = json.loads((found.path / "evol_stop.json").read_text())
    assert shown["evol_stop"] == said
    assert [each["round"] for each in said["rounds"]] == [1, 2]
    assert said["stopped"] in ("fell", "max_rounds")
    assert found.rounds == said["best"]
    page = (found.path / "report" / "index.html").read_text()
    assert "Evol stop" in page
    assert "Answers that run" in page


@pytest.mark.slow
def test_its_arms_are_the_rounds_that_are_kept(found: Run) -> None:
    kept = [f"round-{number}" for number in range(1, found.rounds + 1)]
    assert found.arms == ["base", "seed", *kept, "more-of-the-same"]
    shown = json.loads((found.path / "report" / "results.json").read_text())
    assert [arm["name"] for arm in shown["arms"]] == found.arms
    assert found.records("final") == found.records(kept[-1])


@pytest.mark.slow
def test_only_the_development_set_has_seen_the_rounds_that_were_left_out(found: Run) -> None:
    for number in (1, 2):
        scored = {path.name for path in (found.path / "verdicts" / f"round-{number}").iterdir()}
        kept = number <= found.rounds
        assert scored == {"miniature-dev", "miniature"} if kept else {"miniature-dev"}


@pytest.mark.slow
def test_its_data_is_that_of_a_run_of_so_many_rounds(found: Run, tmp_path: Path) -> None:
    fixed = open_run(tmp_path / "run", wanted(tmp_path, f"evolve.rounds={found.rounds}"))
    fixed.seeds()
    fixed.evolve()
    fixed.clean()
    for folder in ("seeds", "evolved", "clean"):
        for stem in ("records", "rejected"):
            table = Path(folder) / f"{stem}.parquet"
            assert (found.path / table).read_bytes() == (fixed.path / table).read_bytes()
    last = found.path / "rounds" / str(found.rounds)
    assert (last / "clean" / "records.parquet").read_bytes() == (
        found.path / "clean" / "records.parquet"
    ).read_bytes()


@pytest.mark.slow
def test_every_round_pays_for_its_own_calls_only(found: Run) -> None:
    calls = [
        read_manifest(found.path / folder)["cost"]["calls"]
        for folder in ("rounds/1/evolved", "rounds/2/evolved", "evolved")
    ]
    assert min(calls[:2]) > 0
    assert calls[2] == 0
    counts = read_manifest(found.path / "rounds" / "2" / "evolved")["counts"]
    assert sorted(counts["verification"]["by_round"]) == ["1", "2"]


@pytest.mark.slow
def test_the_evolved_answers_are_verified(found: Run) -> None:
    records = read_parquet(found.path / "clean" / "records.parquet", Record)
    assert {(r.round > 0, r.verification) for r in records} == {(False, ""), (True, "verified")}


def test_stages_that_need_the_number_of_rounds_say_who_finds_it(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", wanted(tmp_path))
    run.seeds()
    for stage in (run.evolve, run.clean):
        with pytest.raises(UsageError, match=r"rounds = 'auto' trains.*wizardcoder run"):
            stage()
    assert run.arms == ["base", "seed", "more-of-the-same"]


def test_a_test_set_is_refused_before_anything_is_asked_or_trained(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", wanted(tmp_path, "evolve.stop.benchmark=miniature"))
    with pytest.raises(RecipeError, match=r"'miniature'.*never.*known: mbpp-dev, miniature-dev"):
        run_all(run)
    assert not (run.path / "seeds").exists()


def test_what_stops_evolving_is_kept_out_of_the_training_data(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", wanted(tmp_path, "clean.benchmarks=[]"))
    run.seeds()
    run.evolve_round(1)
    identity = read_manifest(run.path / "rounds" / "1" / "clean")["identity"]
    assert identity["options"]["benchmarks"] == ["miniature-dev"]
