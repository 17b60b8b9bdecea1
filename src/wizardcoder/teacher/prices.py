"""What a teacher charges: as the recipe says, else as the price list in this package does.

A model without a price is unknown, None, and never free; what runs on this machine is free.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from wizardcoder import recipe

#: What the batch API charges of the price where the price list does not say.
BATCH_FACTOR = 0.5


class Price(NamedTuple):
    """US dollars per million tokens, and where that is said."""

    prompt: float
    completion: float
    source: str

    def usd(self, prompt_tokens: float, completion_tokens: float) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6

    def times(self, factor: float) -> Price:
        """The price with a discount."""
        return self._replace(prompt=self.prompt * factor, completion=self.completion * factor)


FREE = Price(0.0, 0.0, "runs on this machine")


def price_of(teacher: recipe.Teacher) -> Price | None:
    """What a teacher charges, the discount of the batch API included; None: nobody knows.

    Each of the recipe's two prices overrides the listed one.

    >>> price_of(recipe.Teacher(model="gpt-4o-mini", batch=True)).completion
    0.3
    >>> price_of(recipe.Teacher(model="somebody-elses", endpoint="https://h.example/v1"))
    >>> price_of(recipe.Teacher(endpoint="http://localhost:8000/v1")).completion
    0.0
    """
    listed = _listed(teacher)
    prompt = teacher.usd_per_million_prompt_tokens
    completion = teacher.usd_per_million_completion_tokens
    if prompt is not None or completion is not None:
        prompt = prompt if prompt is not None else listed and listed.prompt
        completion = completion if completion is not None else listed and listed.completion
        listed = None
        if prompt is not None and completion is not None:
            listed = Price(prompt, completion, "teacher.usd_per_million_*")
    if listed is None or not teacher.batch:
        return listed
    return listed.times(_host(teacher.endpoint).get("batch_factor", BATCH_FACTOR))


def is_local(endpoint: str) -> bool:
    """Whether an endpoint is this machine: a teacher in this process, or the loopback.

    >>> [is_local(e) for e in ("miniature", "http://[::1]:8000/v1", "http://10.0.0.2/v1")]
    [True, True, False]
    """
    if "://" not in endpoint:
        return True
    try:
        host = urlsplit(endpoint).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False  # a name, or no URL at all, which the transport says better


class _Listed(TypedDict):
    prompt: float
    completion: float
    seen: date
    source: str


class _Host(TypedDict, total=False):
    batch_factor: float
    models: dict[str, _Listed]


def _listed(teacher: recipe.Teacher) -> Price | None:
    if is_local(teacher.endpoint):
        return FREE
    found = _host(teacher.endpoint).get("models", {}).get(teacher.model)
    if found is None:
        return None
    source = f"{found['source']}; seen {found['seen']}"
    return Price(found["prompt"], found["completion"], source)


def _host(endpoint: str) -> _Host:
    try:
        return _price_list().get(urlsplit(endpoint).hostname or "", _Host())
    except ValueError:
        return _Host()


@cache
def _price_list() -> dict[str, _Host]:
    text = files("wizardcoder.teacher").joinpath("prices.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, _Host]).validate_python(tomllib.loads(text))
