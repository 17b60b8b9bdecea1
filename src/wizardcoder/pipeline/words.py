"""What the report says in words about a recipe: arms, groups, how it was measured, its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wizardcoder.pipeline import arms
from wizardcoder.pipeline.names import MINIATURE
from wizardcoder.recipe import Control, Generate, Recipe

_SOURCES = {
    "more-of-the-same": "new unevolved tasks of the seeds' mix, as many distinct programs as the "
    "last round's arm",
    "depth-matched": "fresh tasks with the evolved data's numbers of steps: an upper bound that "
    "nobody has in real life",
}


def title(recipe: Recipe) -> str:
    """The report's title."""
    if recipe.seeds.source == MINIATURE:
        return "Code Evol-Instruct in miniature"
    return f"Code Evol-Instruct: {recipe.name}"


def describe_arm(arm: str, recipe: Recipe) -> str:
    """What an arm is trained on."""
    rounds = arms.rounds_of(arm, recipe)
    if arm == arms.BASE and recipe.base.model == MINIATURE:
        return (
            "before tuning; asked otherwise: to continue code under a comment that says the steps"
        )
    if arm == arms.BASE:
        return "before tuning; asked otherwise: to continue the problem's code"
    if rounds is None:
        return _describe_control(recipe.controls[arm])
    if rounds == 0:
        return "the seeds alone"
    if arms.is_alone(arm):
        return f"round {rounds} alone"
    return f"the seeds and {'round 1' if rounds == 1 else f'rounds 1 to {rounds}'}, merged"


def _describe_control(control: Control) -> str:
    if control.operations is None:
        return _SOURCES.get(str(control.source), f"unevolved, drawn from {control.source}")
    if set(control.operations) == {"paraphrase"}:
        return "evolving that changes only the words"
    return f"evolved otherwise: {', '.join(sorted(control.operations))}"


def groups(recipe: Recipe) -> Iterator[Mapping[str, str]]:
    """The groups of the benchmarks whose names say too little, with what they stand for."""
    for benchmark in recipe.evaluate.benchmarks:
        if benchmark.startswith(MINIATURE):
            for steps in (1, 2, 3):
                yield {
                    "benchmark": benchmark,
                    "name": f"{steps}-step",
                    "label": f"{steps}-step tasks",
                    "note": "seen operations" if steps == 1 else "never seen in training",
                }


def sampling(options: Generate) -> str:
    """How answers were drawn."""
    how = "greedy" if options.temperature == 0 else f"temperature {options.temperature}"
    return f"{how}, n = {options.n}, at most {options.max_tokens} tokens"


def _limits(recipe: Recipe) -> str:
    limits = recipe.evaluate
    time = f"{limits.cpu_seconds:g} CPU-s" if limits.cpu_seconds else "the benchmark's time"
    return f"{time}, {limits.memory_bytes / 2**30:g} GiB"


def facts(recipe: Recipe) -> dict[str, str]:
    """How it was measured, point by point."""
    found = {
        "Sampling": sampling(recipe.generate),
        "Limits per program": _limits(recipe),
        "Training": _training(recipe),
    }
    if recipe.seeds.source == MINIATURE:
        found["Hold-out"] = (
            "no training program, of the base or of any arm, contains the operations of a 2- or "
            "3-step test or development task in their order, or behaves like one on the probe "
            "inputs; 1-step tasks are operations that every arm has seen"
        )
    return found


def not_shown(recipe: Recipe, *, scored: bool = True) -> str:
    """What a reader must not conclude; `scored`: whether the run has scored any model."""
    if not scored:
        return (
            "That nothing more was found does not mean that nothing more is there: leaks are known "
            "by their words and by their Python functions, of the benchmarks named here alone. A "
            "problem that was said anew and solved otherwise escapes, and no model was scored."
        )
    if recipe.seeds.source == MINIATURE:
        return (
            "This shows that evolving manufactures the depth that shallow seeds lack, in a small "
            "invented world with a flawless teacher and a tiny model; it does not show that "
            "evolving beats collecting equally hard tasks, nor anything about real teachers, real "
            "seeds or models of useful size."
        )
    return (
        "One training seed, one benchmark and one teacher: differences smaller than the intervals "
        "mean nothing, and nothing here speaks of other models or tasks."
    )


def _training(recipe: Recipe) -> str:
    options = recipe.train
    if options.label_tokens:
        return f"every arm sees {options.label_tokens:,} response tokens"
    return f"{options.epochs:g} epochs" if options.epochs else f"{options.steps} steps"
