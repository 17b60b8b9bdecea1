"""Models behind an endpoint: asked through the ledger and within a budget, as teachers are."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wizardcoder.engines.endpoint import Ask, EndpointEngine, Said
from wizardcoder.engines.engine import Sampling
from wizardcoder.errors import RecipeError, TeacherRefusedError
from wizardcoder.pipeline.asking import asking, check_prices
from wizardcoder.recipe import Budget, Generate, Recipe, Teacher

if TYPE_CHECKING:
    from wizardcoder import teacher

#: How a text ends that the endpoint will not write: too long a prompt, or against its policy.
REFUSED = "refused"


def open_engine(
    folder: Path,
    options: Generate,
    *,
    seed: int = 0,
    budget: Budget | None = None,
    ledger: Path | None = None,
    replay: bool = False,
) -> EndpointEngine:
    """The engine of `generate.endpoint`; what it hears is kept in `ledger`, or in `folder`.

    A sample that the ledger holds is not asked for again.
    """
    recipe = recipe_of(options, seed, budget or Budget())
    began = time.time()

    @asynccontextmanager
    async def open_line(sampling: Sampling) -> AsyncIterator[Ask]:
        opened = asking(
            folder,
            recipe,
            ledger=ledger,
            began=began,
            replay=replay,
            open_teachers=partial(_open_teachers, sampling),
        )
        with opened as (asked,):
            async with asked:
                yield partial(_ask, asked)

    return EndpointEngine(open_line, width=options.concurrency)


def check(options: Generate, budget: Budget) -> None:
    """Raise RecipeError without a model, or where dollars are limited and its price unknown."""
    check_prices(recipe_of(options, 0, budget))


def recipe_of(options: Generate, seed: int, budget: Budget) -> Recipe:
    """The model that is evaluated, as a recipe has a teacher. Raises RecipeError without one."""
    if not options.model:
        raise RecipeError(
            f"generate.engine = 'endpoint' asks a model at {options.endpoint}: name it with "
            "--model (generate.model)"
        )
    same = {name: getattr(options, name) for name in Generate.model_fields.keys() & _SHARED}
    return Recipe(seed=seed, teacher=Teacher(**same, send_seed=_is_drawn(options)), budget=budget)


_SHARED = Teacher.model_fields.keys()


def _is_drawn(options: Generate) -> bool:
    return options.temperature > 0


async def _ask(asked: teacher.Teacher, prompt: str, sample: int) -> Said:
    """The reply as a text. What is refused is an empty one that says so: it counts as no code."""
    try:
        reply = await asked.ask(prompt, sample=sample)
    except TeacherRefusedError:
        return Said("", REFUSED, 0)
    return Said(reply.text, reply.finish_reason, reply.completion_tokens)


def _open_teachers(
    sampling: Sampling,
    recipe: Recipe,
    ledger: teacher.Ledger,
    budget: teacher.budget.Budget | None,
    *,
    replay: bool,
) -> list[teacher.Teacher]:
    from wizardcoder.teacher import HttpTransport, ReplayedTeacher, Teacher
    from wizardcoder.teacher.transport import CHAT, COMPLETIONS

    options = recipe.teacher
    transport = HttpTransport(
        options.endpoint,
        api_key=os.environ.get(options.api_key_env),
        timeout_seconds=options.timeout_seconds,
        connections=options.concurrency,
        route=CHAT if sampling.chat else COMPLETIONS,
    )
    kind = ReplayedTeacher if replay else Teacher
    return [
        kind(
            *(options, transport, ledger),
            seed=recipe.seed,
            budget=budget,
            stop=sampling.stop,
            chat=sampling.chat,
        )
    ]
