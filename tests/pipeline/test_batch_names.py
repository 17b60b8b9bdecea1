"""A recipe's teacher that answers by batches is one, whatever else it can be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.batch_server import BatchServer
from tests.fault_server import say
from wizardcoder import recipe
from wizardcoder.errors import RecipeError
from wizardcoder.pipeline import names
from wizardcoder.teacher import Ledger


def test_a_teacher_with_batch_is_asked_by_the_batch_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with BatchServer(lambda call: say("4")) as server, Ledger(tmp_path / "l.sqlite") as ledger:
        options = recipe.Teacher(endpoint=server.endpoint, batch=True, batch_poll_seconds=0.1)
        [teacher] = names.open_teachers(recipe.Recipe(teacher=options), ledger)

        async def ask() -> str:
            async with teacher:
                return (await teacher.ask("2 + 2?")).text

        assert (asyncio.run(ask()), server.sizes) == ("4", [1])


def test_the_miniature_has_no_batch_api(tmp_path: Path) -> None:
    options = recipe.Teacher(endpoint="miniature", batch=True)
    with Ledger(tmp_path / "l.sqlite") as ledger, pytest.raises(RecipeError, match="no batch API"):
        names.open_teachers(recipe.Recipe(teacher=options), ledger)
