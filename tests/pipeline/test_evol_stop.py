"""When evolving stops, and which rounds are kept."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from pathlib import Path

import pytest

from wizardcoder import recipe
from wizardcoder.errors import InputError, RecipeError
from wizardcoder.pipeline import evol_stop
from wizardcoder.pipeline.evol_stop import EvolStop

PROBLEMS = 400


def model(passed: int, first: int = 0) -> list[float]:
    """A model that passes so many problems in a row, from `first` on."""
    return [float(first <= n < first + passed) for n in range(PROBLEMS)]


def search(*models: Sequence[float], most: int = 6) -> tuple[EvolStop, int]:
    """What is found, and how many rounds were scored."""
    asked: list[int] = []

    def score(round: int) -> Sequence[float]:
        asked.append(round)
        return models[round - 1]

    found = evol_stop.search("mbpp-dev", most, score)
    assert asked == list(range(1, len(asked) + 1))
    return found, len(asked)


def test_a_fall_beyond_the_noise_stops_and_the_rounds_before_it_are_kept() -> None:
    found, tried = search(model(200), model(240), model(180), model(400))
    assert (found.best, found.stopped, tried) == (2, "fell", 3)
    assert [each.fell for each in found.rounds] == [False, False, True]


def test_a_fall_within_the_noise_does_not_stop() -> None:
    same_with_luck = [*model(198)[:-2], 1.0, 0.0]
    found, tried = search(model(200), same_with_luck, model(260), most=3)
    assert (found.best, found.stopped, tried) == (3, "max_rounds", 3)


def test_the_best_round_is_kept_when_the_last_one_is_a_little_worse() -> None:
    found, _ = search(model(200), model(260), model(259), most=3)
    assert (found.best, found.stopped) == (2, "max_rounds")


def test_a_round_is_compared_with_the_best_so_far_and_not_with_the_last() -> None:
    found, tried = search(*(model(200 - 3 * n) for n in range(6)))
    assert found.stopped == "fell"
    assert tried < 6
    assert all(each.best_before == 1 for each in found.rounds)
    step = evol_stop.search("mbpp-dev", 2, lambda n: model(203 - 3 * n))
    assert step.rounds[-1].difference == pytest.approx(-3 / PROBLEMS)


def test_problems_without_a_verdict_count_for_neither_round() -> None:
    broken = [nan] * 200 + model(0)[200:]
    found, _ = search(model(200), broken, most=2)
    assert (found.best, found.rounds[1].difference, found.rounds[1].rate) == (1, 0.0, 0.0)
    assert found.stopped == "max_rounds"


def test_of_two_equal_rounds_the_earlier_one_is_the_best() -> None:
    found, _ = search(model(200), model(200, first=100), most=2)
    assert found.best == 1


def test_one_round_is_enough_when_no_more_are_allowed() -> None:
    found, tried = search(model(0), most=1)
    assert (found.best, found.stopped, tried) == (1, "max_rounds", 1)


def test_the_same_scores_give_the_same_decision() -> None:
    models = (model(200), model(195, first=20), model(190, first=40))
    assert search(*models, most=3) == search(*models, most=3)


def test_what_was_found_is_seen_after_every_round_and_read_back(tmp_path: Path) -> None:
    seen: list[EvolStop] = []
    found = evol_stop.search("miniature-dev", 3, lambda n: model(100 * n), seen.append)
    assert [len(each.rounds) for each in seen] == [1, 2, 3]
    assert [each.stopped for each in seen] == ["", "", "max_rounds"]
    assert evol_stop.read(tmp_path) is None
    for each in seen:
        evol_stop.write(tmp_path, each)
        assert evol_stop.read(tmp_path) == each
    assert seen[-1] == found


def test_a_file_that_says_nothing_is_named(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"rounds": [{}]}'):
        (tmp_path / "evol_stop.json").write_text(text)
        with pytest.raises(InputError, match=r"evol_stop\.json: cannot be read"):
            evol_stop.read(tmp_path)


def wanted(benchmark: str, rounds: str | int = "auto") -> recipe.Recipe:
    stop = recipe.Stop(benchmark=benchmark)
    return recipe.Recipe(evolve=recipe.Evolve(rounds=rounds, stop=stop))


@pytest.mark.parametrize("name", ["mbpp", "humaneval", "mbppplus", "miniature", "typo"])
def test_a_test_set_stops_nothing(name: str) -> None:
    with pytest.raises(RecipeError, match=rf"'{name}'.*never.*known: mbpp-dev, miniature-dev"):
        evol_stop.check(wanted(name))


def test_development_sets_may_stop_and_fixed_rounds_ask_for_none() -> None:
    for name in evol_stop.DEVELOPMENT_SETS:
        evol_stop.check(wanted(name))
    evol_stop.check(wanted("mbpp", rounds=3))
