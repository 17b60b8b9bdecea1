"""A plan says what a run takes: at most, by assumption, and closely after a paid sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evolve.worlds import seed
from tests.fault_server import FaultServer
from tests.pipeline.test_asking import evolve, quiet, react, recipe
from wizardcoder import recipe as recipes
from wizardcoder.cli.app import run as main
from wizardcoder.pipeline import Sample, plan_evolve
from wizardcoder.pipeline.estimate import Usage
from wizardcoder.pipeline.paid_sample import choose
from wizardcoder.pipeline.plan import describe
from wizardcoder.teacher import Ledger, LedgerTotals

__all__ = ["quiet"]

PRICED = {
    "model": "m",
    "endpoint": "http://h.example/v1",
    "max_tokens": 100,
    "usd_per_million_prompt_tokens": 1e6,
    "usd_per_million_completion_tokens": 2e6,
}
SEEDS = [seed(number, "x" * (10 * number)) for number in range(1, 41)]


def planned(**changes: Any) -> recipes.Recipe:
    """A recipe of two rounds, without judge unless asked for."""
    table: dict[str, Any] = {"arms": [], "teacher": PRICED, "evolve": {"rounds": 2}}
    table["evolve"] |= {"judge": {"enabled": False}, **changes.pop("evolve", {})}
    table["teacher"] = PRICED | changes.pop("teacher", {})
    return recipes.parse({**table, **changes}, "test")


@pytest.mark.parametrize(
    ("evolve", "expected", "worst"),
    [
        ({}, 2, 2),
        ({"judge": {"enabled": True}}, 3, 4),
        ({"verify": {"enabled": True, "tries": 3}}, 4, 7),
    ],
)
def test_calls_are_those_of_each_attempt(evolve: dict[str, Any], expected: int, worst: int) -> None:
    found = plan_evolve(planned(evolve=evolve), SEEDS)
    assert found.attempts == 80
    assert (found.expected.calls, found.worst.calls) == (80 * expected, 80 * worst)


def test_no_completion_is_longer_than_the_teacher_may_make_it() -> None:
    found = plan_evolve(planned(), SEEDS)
    assert found.worst.completion_tokens == 160 * 100
    assert found.expected.completion_tokens <= found.worst.completion_tokens


def test_dollars_are_tokens_times_prices() -> None:
    worst = plan_evolve(planned(), SEEDS).worst
    assert worst.usd == pytest.approx(worst.prompt_tokens + 2 * worst.completion_tokens)


def test_the_batch_api_halves_the_dollars_and_takes_days() -> None:
    usual = plan_evolve(planned(), SEEDS)
    batch = plan_evolve(planned(teacher={"batch": True}), SEEDS)
    assert usual.worst.usd is not None and batch.worst.usd == pytest.approx(usual.worst.usd / 2)
    assert (batch.hours, batch.most_hours) == (None, 4 * 24)


def test_an_unknown_price_is_said_and_not_guessed() -> None:
    unknown = {"usd_per_million_prompt_tokens": None, "usd_per_million_completion_tokens": None}
    found = plan_evolve(planned(teacher=unknown), SEEDS)
    assert (found.expected.usd, found.worst.usd) == (None, None)


def test_one_teacher_without_a_price_makes_the_sum_unknown() -> None:
    other = {**PRICED, "model": "other"}
    del other["usd_per_million_prompt_tokens"]
    found = plan_evolve(planned(teachers=[other]), SEEDS)
    assert (found.expected.usd, found.expected.calls) == (None, 160)


@pytest.mark.parametrize(
    ("limit", "hours"),
    [
        ({"requests_per_minute": 2}, 160 / 2 / 60),
        ({"concurrency": 1}, 160 * 0.5 / 3600),
        ({"concurrency": 64}, 4 * 0.5 / 3600 + 0.0),
    ],
)
def test_hours_follow_rates_lanes_and_the_length_of_a_lineage(
    limit: dict[str, Any], hours: float
) -> None:
    lineages = tuple((Usage(4, 100, 100, 300),) for _ in range(4))
    found = plan_evolve(planned(teacher=limit), SEEDS, Sample(lineages, 8, 8, (0.5,)))
    assert found.hours == pytest.approx(hours)


def test_a_sample_is_scaled_to_all_seeds_with_an_interval_around_it() -> None:
    lineages = tuple((Usage(calls, 10 * calls, calls, calls / 10),) for calls in (2, 3, 4, 4))
    found = plan_evolve(planned(), SEEDS, Sample(lineages, 8, 5, (0.5,)))
    assert found.expected == pytest.approx((130, 1300, 130, 13.0))
    assert found.acceptance == 5 / 8
    assert found.interval is not None
    low, high = found.interval
    assert 80 <= low.calls < 130 < high.calls <= 160


def test_a_sample_of_all_seeds_leaves_no_doubt() -> None:
    lineages = tuple((Usage(2 + n % 3, 5, 5, 1.0),) for n in range(40))
    found = plan_evolve(planned(), SEEDS, Sample(lineages, 80, 80, (0.5,)))
    assert found.interval is not None
    assert found.interval[0].calls == found.interval[1].calls == found.expected.calls


def test_a_sample_of_one_has_no_interval() -> None:
    sample = Sample(((Usage(2, 5, 5),),), 2, 2, (0.5,))
    assert plan_evolve(planned(), SEEDS, sample).interval is None


def test_the_sampled_seeds_are_spread_over_their_sizes() -> None:
    assert [len(chosen.question) for chosen in choose(SEEDS, 4)] == [60, 160, 260, 360]
    assert len(choose(SEEDS, 99)) == len(SEEDS)


# Against a run


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(react) as server:
        yield server


def plan(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["plan", "evolve", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def totals(ledger: str) -> LedgerTotals:
    with Ledger(Path(ledger)) as book:
        return book.totals()


def test_without_a_sample_nothing_is_sent_or_written(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = plan(capsys, "miniature", *recipe(server.endpoint))
    assert (found["seeds"], found["attempts"]) == (25, 50)
    assert server.calls == []
    assert list(Path().iterdir()) == []


def test_after_a_sample_the_plan_is_close_to_the_run_which_pays_for_the_rest_only(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"seeds.count": 400, "evolve.judge.enabled": "true"}
    options = recipe(server.endpoint, **more)
    found = plan(capsys, "miniature", *options, "--out", "r", "--sample", "60")
    sampled = len(server.calls)
    assert 0 < sampled < 60 * 8

    assert evolve("r", server.endpoint, **more) == 0
    real = totals("r/ledger.sqlite")
    assert len(server.calls) == real.calls  # the sample was not paid for again
    for name, value in (
        ("calls", real.calls),
        ("prompt_tokens", real.prompt_tokens),
        ("completion_tokens", real.completion_tokens),
        ("usd", real.usd),
    ):
        assert found["expected"][name] == pytest.approx(value, rel=0.15), name
        assert value <= found["worst"][name]


def test_planning_a_run_reads_its_recipe_and_seeds(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evolve("r", server.endpoint) == 0
    assert plan(capsys, "r")["seeds"] == 25


def test_a_sample_without_a_place_for_its_replies_is_refused(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "evolve", "miniature", *recipe(server.endpoint), "--sample", "2"]) == 2
    assert "--out or --ledger" in capsys.readouterr().err
    assert server.calls == []


def test_a_sample_keeps_to_the_budget(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", "evolve", "miniature", *recipe(server.endpoint), "--out", "r"]
    assert main([*words, "--sample", "20", "--max-tokens", "4000"]) == 3
    used = totals("r/ledger.sqlite")
    assert used.prompt_tokens + used.completion_tokens <= 4000


def test_the_calls_of_the_embedding_are_said() -> None:
    wanted = recipes.Recipe(
        clean=recipes.Clean(embedding=recipes.Embedding(enabled=True, nearest=3))
    )
    seeds = [seed()]
    said = "\n".join(describe(wanted, seeds, plan_evolve(wanted, seeds)))
    assert "3 more calls for each problem of humaneval, mbpp" in said
    plain = recipes.Recipe()
    assert "more calls" not in "\n".join(describe(plain, seeds, plan_evolve(plain, seeds)))
