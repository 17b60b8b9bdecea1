"""What a recipe will do, before anything is sent or trained."""

from __future__ import annotations

from pathlib import Path

from wizardcoder.pipeline import names
from wizardcoder.recipe import Recipe

#: Characters per token of English with code; tokenizers differ by a third around it.
_CHARACTERS_PER_TOKEN = 3.5


def describe(recipe: Recipe, data: Path | None = None) -> str:
    """Calls, tokens and dollars at most, and what is trained and scored. Nothing is sent.

    Raises MissingDataError when the seeds are not at hand.
    """
    seeds = names.read_seeds(recipe, data)
    evolved = [c for n, c in recipe.controls.items() if c.operations and n in recipe.arms]
    attempts = len(seeds) * recipe.most_rounds * (1 + len(evolved))
    characters = sum(len(seed.question) for seed in seeds) / len(seeds)
    rounds, teacher = recipe.most_rounds, recipe.teacher.model
    lines = {
        "recipe": f"{recipe.name}: arms {', '.join(recipe.arms)}",
        "seeds": f"{len(seeds):,} from {recipe.seeds.source} ({seeds[0].licence})",
        "evolve": f"{rounds} rounds, {attempts:,} attempts, {2 * attempts:,} calls of {teacher}",
        "": "and what has to be sent again",
        " ": _cost(recipe, attempts, characters),
        "train": f"{_training(recipe)} from {recipe.base.model}",
        "score": f"{', '.join(recipe.evaluate.benchmarks)}, n = {recipe.generate.n}",
    }
    return "\n".join(f"{name:<8}{text}" for name, text in lines.items())


def _cost(recipe: Recipe, attempts: int, characters: float) -> str:
    teacher = recipe.teacher
    # An attempt sends the question twice: evolved and answered; a child is longer by half or so.
    prompt_tokens = 2 * attempts * (1.5 * characters + 200) / _CHARACTERS_PER_TOKEN
    completion_tokens = 2 * attempts * teacher.max_tokens
    usd = (
        prompt_tokens * (teacher.usd_per_million_prompt_tokens or 0.0)
        + completion_tokens * (teacher.usd_per_million_completion_tokens or 0.0)
    ) / 1e6
    priced = teacher.usd_per_million_completion_tokens or teacher.endpoint == names.MINIATURE
    money = f"${usd:,.2f}" if priced else "unknown: teacher.usd_per_million_* are not set"
    return (
        f"about {prompt_tokens / 1e6:,.2f} M prompt tokens, at most "
        f"{completion_tokens / 1e6:,.2f} M completion tokens; dollars at most: {money}"
    )


def _training(recipe: Recipe) -> str:
    options = recipe.train
    amount = (
        f"{options.label_tokens:,} label tokens"
        if options.label_tokens
        else f"{options.epochs} epochs"
        if options.epochs
        else f"{options.steps} steps"
    )
    tuned = len([arm for arm in recipe.arms if arm != "base"])
    return f"{tuned} arms of {amount} ({options.rows_per_step} × {options.length_tokens} tokens)"
