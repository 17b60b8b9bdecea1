"""A model behind an endpoint, evaluated: asked once for each sample, within a budget, resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import Call, FaultServer, Reaction, drop, fail, go_on, say
from wizardcoder import miniature
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import BudgetError, RecipeError, TeacherAccessError, UsageError
from wizardcoder.generate import Style
from wizardcoder.pipeline import sample, sample_endpoint
from wizardcoder.recipe import Budget, Generate
from wizardcoder.records import Completion
from wizardcoder.storage import Json, read_parquet

PRICES = {"usd_per_million_prompt_tokens": 1e6, "usd_per_million_completion_tokens": 2e6}


def few(count: int = 6) -> Benchmark:
    whole = miniature.benchmark("dev")
    return Benchmark(name="few", problems=whole.problems[:count], data_sha256="0", stops=("\ndef",))


def solving(benchmark: Benchmark) -> Callable[[Call], Reaction]:
    """A server that knows the benchmark's own solutions."""
    known = {p.instruction: p.prompt + p.canonical_solution for p in benchmark.problems}
    return lambda call: say(f"```python\n{known[call.prompt]}\n```")


def generate(folder: Path, server: FaultServer, budget: Budget | None = None, **how: Any) -> Json:
    given = {"endpoint": server.endpoint, "model": "m", "max_tokens": 50, "concurrency": 2, **how}
    return sample_endpoint(folder, few(), Generate(**given), budget=budget)


def completions(folder: Path) -> list[Completion]:
    return read_parquet(folder / "completions.parquet", Completion)


def test_a_closed_model_is_asked_what_the_problem_says(tmp_path: Path) -> None:
    with FaultServer(solving(few())) as server:
        generate(tmp_path / "few", server)
    found = completions(tmp_path / "few")
    assert sorted(call.prompt for call in server.calls) == sorted(
        p.instruction for p in few().problems
    )
    assert [c.code for c in found] == [
        (p.prompt + p.canonical_solution).strip("\n").rstrip() for p in few().problems
    ]


def test_options_are_sent_and_stop_sequences_with_them(tmp_path: Path) -> None:
    with FaultServer(lambda call: say("x")) as server:
        generate(tmp_path / "few", server, temperature=0.2, top_p=0.9, stop=["\nEND"])
    body = json.loads(server.calls[0].body)
    wanted = {"temperature": 0.2, "top_p": 0.9, "max_tokens": 50, "stop": ["\nEND"]}
    assert {key: body[key] for key in wanted} == wanted


def test_more_samples_ask_only_for_what_is_missing_and_keep_the_rest(tmp_path: Path) -> None:
    with FaultServer(lambda call: say(f"{call.number}")) as server:
        generate(tmp_path / "few", server, n=2, temperature=0.5)
        before = completions(tmp_path / "few")
        generate(tmp_path / "few", server, n=5, temperature=0.5)
        after = completions(tmp_path / "few")
    assert len(server.calls) == 30
    assert [c for c in after if c.sample < 2] == before
    assert not list(tmp_path.glob("few.old-*"))


def test_a_folder_that_is_lost_is_paid_for_once(tmp_path: Path) -> None:
    with FaultServer(lambda call: say(f"{call.number}")) as server:
        first = generate(tmp_path / "few", server, n=2, temperature=0.5)
        (tmp_path / "few").rename(tmp_path / "elsewhere")
        again = generate(tmp_path / "few", server, n=2, temperature=0.5)
    assert server.paid.total() == 12
    assert first["files"] == again["files"]


def test_a_budget_stops_it_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    with FaultServer(lambda call: say("x")) as server:
        with pytest.raises(BudgetError, match="to go on: the same command with --max-tokens"):
            generate(tmp_path / "few", server, Budget(max_tokens=270), **PRICES)
        stopped_at = server.paid.total()
        generate(tmp_path / "few", server, Budget(max_tokens=4000), **PRICES)
    assert 0 < stopped_at < 6
    assert server.paid.total() == 6


def test_faults_that_pass_are_asked_again(tmp_path: Path) -> None:
    def react(call: Call) -> Reaction:
        faults = {1: fail(429), 2: fail(500), 3: drop(paid=False)}
        return faults.get(call.number, say("x"))

    with FaultServer(react) as server:
        counts = generate(tmp_path / "few", server)["counts"]
    assert counts == {"completions": 6, "finish_reasons": {"stop": 6}, "truncated": 0}


def test_what_is_cut_or_refused_is_counted(tmp_path: Path) -> None:
    first, second, *_ = (p.instruction for p in few().problems)

    def react(call: Call) -> Reaction:
        known = {first: say("x = ", "length"), second: fail(400, "against our policy")}
        return known.get(call.prompt, say("x"))

    with FaultServer(react) as server:
        counts = generate(tmp_path / "few", server)["counts"]
    assert counts["finish_reasons"] == {"length": 1, "refused": 1, "stop": 4}
    assert counts["truncated"] == 1
    assert completions(tmp_path / "few")[1].code == ""


def test_a_wrong_key_says_so_and_leaves_nothing_finished(tmp_path: Path) -> None:
    with (
        FaultServer(lambda call: fail(401)) as server,
        pytest.raises(TeacherAccessError, match="refused the key"),
    ):
        generate(tmp_path / "few", server)
    assert not (tmp_path / "few").exists()


def test_a_base_model_behind_an_endpoint_continues_code(tmp_path: Path) -> None:
    with FaultServer(lambda call: go_on("\n    return 1")) as server:
        options = Generate(endpoint=server.endpoint, model="m", max_tokens=9)
        sample_endpoint(tmp_path / "few", few(), options, style=Style.COMPLETION)
    body = json.loads(server.calls[0].body)
    assert "messages" not in body
    assert body["stop"] == ["\ndef"]
    assert completions(tmp_path / "few")[0].finish_reason == "length"


def test_an_endpoint_needs_a_model(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="name it with --model"):
        sample_endpoint(tmp_path / "few", few(), Generate())


def test_dollars_are_limited_only_where_the_price_is_known(tmp_path: Path) -> None:
    options = Generate(endpoint="https://h.example/v1", model="m")
    with pytest.raises(RecipeError, match="price of 'm'"):
        sample_endpoint(tmp_path / "few", few(), options, budget=Budget(max_usd=1))


def test_a_checkpoint_and_an_endpoint_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave one of them away"):
        sample(tmp_path / "few", "model", few(), Generate(engine="endpoint", model="m"))
