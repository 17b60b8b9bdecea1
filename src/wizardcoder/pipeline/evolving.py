"""What a recipe says of evolving, as the stage wants it: a plan, and the identity of its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizardcoder import evolve
from wizardcoder.recipe import Recipe, Teacher
from wizardcoder.storage import Identity

#: Options of a teacher that change how it is asked, not what it says.
HOW_NOT_WHAT = frozenset(
    {
        *("concurrency", "max_retries", "timeout_seconds", "outage_minutes", "api_key_env"),
        *("batch", "batch_poll_seconds", "requests_per_minute", "tokens_per_minute"),
        *("usd_per_million_prompt_tokens", "usd_per_million_completion_tokens"),
    }
)


def plan_of(recipe: Recipe, operations: Mapping[str, float], rounds: int) -> evolve.Plan:
    """The plan of a recipe for one data set: what cannot be drawn is left out."""
    options = recipe.evolve
    drawn = _drawn(operations)
    return evolve.Plan(
        rounds=rounds,
        operations=drawn,
        seed=recipe.seed,
        teachers=[
            evolve.PlanTeacher(teacher.model, teacher.terms, teacher.weight)
            for teacher in (recipe.teacher, *recipe.teachers)
        ],
        custom={name: options.custom[name] for name in drawn if name in options.custom},
        languages=_drawn(options.languages),
        judge=options.judge if options.judge.enabled else None,
    )


def identity_of(recipe: Recipe, plan: evolve.Plan, inputs: Mapping[str, str]) -> Identity:
    """All that decides which records a plan makes, and nothing else."""
    judge, verify = recipe.evolve.judge, recipe.evolve.verify
    return Identity(
        "evolve",
        {
            "rounds": plan.rounds,
            "operations": plan.operations,
            "seed": plan.seed,
            "custom": {name: custom.model_dump() for name, custom in plan.custom.items()},
            "languages": plan.languages,
            "judge": judge.model_dump() if judge.enabled else None,
            "verify": _verification(recipe) if verify.enabled else None,
            "teachers": teachers_of(recipe),
        },
        inputs,
    )


def _verification(recipe: Recipe) -> dict[str, Any]:
    limits = recipe.evaluate.model_dump(include={"memory_bytes"})
    return {**recipe.evolve.verify.model_dump(), **limits}


def teachers_of(recipe: Recipe) -> list[dict[str, Any]]:
    """All that decides what the teachers of a recipe say, for an Identity."""
    teachers: list[Teacher] = [recipe.teacher, *recipe.teachers]
    weight = set() if len(teachers) > 1 else {"weight"}  # nothing to choose from
    return [each.model_dump(mode="json", exclude={*HOW_NOT_WHAT, *weight}) for each in teachers]


def _drawn(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if weight}
