"""What a teacher charges is what the recipe says, else the price list, else nobody knows."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from wizardcoder.recipe import Teacher
from wizardcoder.teacher import price_of


def price(**options: Any) -> tuple[float, float] | None:
    found = price_of(Teacher(**options))
    return None if found is None else (found.prompt, found.completion)


def test_the_papers_teacher_has_a_price() -> None:
    assert price() == (0.5, 1.5)


def test_a_price_says_where_it_is_from_and_of_when() -> None:
    found = price_of(Teacher())
    assert found is not None and "seen 20" in found.source


@pytest.mark.parametrize(
    "options",
    [
        {"model": "nobody-knows"},
        {"endpoint": "https://elsewhere.example/v1"},
        {"endpoint": "http://10.1.2.3:8000/v1"},
        {"model": "nobody-knows", "usd_per_million_prompt_tokens": 1.0},
        {"endpoint": "http://["},
    ],
)
def test_an_unknown_price_is_none_and_not_zero(options: dict[str, Any]) -> None:
    assert price(**options) is None


@pytest.mark.parametrize(
    "endpoint", ["miniature", "http://localhost:1/v1", "http://127.0.0.2/v1", "http://[::1]:1/v1"]
)
def test_this_machine_is_free(endpoint: str) -> None:
    assert price(endpoint=endpoint, model="any") == (0.0, 0.0)


def test_the_recipe_overrides_the_list_price_by_price() -> None:
    assert price(usd_per_million_prompt_tokens=7.0) == (7.0, 1.5)
    assert price(usd_per_million_completion_tokens=0.0) == (0.5, 0.0)
    here = {"endpoint": "http://localhost:1/v1", "usd_per_million_completion_tokens": 3.0}
    assert price(**here) == (0.0, 3.0)


def test_the_batch_api_is_half_the_price_listed_or_not() -> None:
    assert price(batch=True) == (0.25, 0.75)
    own = {"usd_per_million_prompt_tokens": 1.0, "usd_per_million_completion_tokens": 2.0}
    assert price(model="own", batch=True, **own) == (0.5, 1.0)


def test_tokens_cost_their_share_of_a_million() -> None:
    found = price_of(Teacher())
    assert found is not None and found.usd(1_000_000, 2_000_000) == 3.5


def test_every_listed_price_is_dated_and_has_a_source() -> None:
    text = files("wizardcoder.teacher").joinpath("prices.toml").read_text(encoding="utf-8")
    for host in tomllib.loads(text).values():
        for listed in host["models"].values():
            assert 0 < listed["prompt"] <= listed["completion"]
            assert isinstance(listed["seen"], date) and listed["source"]
