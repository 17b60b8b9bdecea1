"""What the names in a recipe stand for: sources of seeds, teachers, benchmarks, bases.

The one place outside its package that knows of the miniature world.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder import benchmarks, miniature, seeds, train
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import MissingDataError, RecipeError
from wizardcoder.recipe import Control, Recipe, Section, read_options
from wizardcoder.records import Problem, Record
from wizardcoder.storage import sha256

if TYPE_CHECKING:
    from wizardcoder.teacher import Ledger, Teacher, Transport

MINIATURE = "miniature"

Check = Callable[[str], tuple[str, str] | None]


class _MiniatureSeeds(Section):
    two_step_share: float = 0.15


class Targets(NamedTuple):
    """What training data must not hold: problems by benchmark, and checks of a benchmark's own."""

    problems: Mapping[str, Sequence[Problem]]
    checks: Mapping[str, Check]
    hashes: Mapping[str, str]


def check(recipe: Recipe, data: Path | None) -> None:
    """Find what is wrong with a recipe's names now, rather than after a night of paid calls.

    The seeds are not looked for: reading them is the first thing that a run does.
    Raises RecipeError, MissingDataError or UsageError as the stages would.
    """
    for name in {*recipe.clean.benchmarks, *recipe.evaluate.benchmarks}:
        load_benchmark(name, data)
    if recipe.base.model == MINIATURE:
        train.parse_options(recipe.base.options)
    if recipe.seeds.source == MINIATURE:
        read_options(_MiniatureSeeds, recipe.seeds.options, "seeds.options")
    for control in recipe.controls.values():
        if recipe.seeds.source == MINIATURE and control.operations is None:
            _check_source(control)
        elif control.source is not None:
            find_seeds(control.source, data)


def read_seeds(recipe: Recipe, data: Path | None) -> list[Record]:
    """The seeds that `[seeds]` names. Raises MissingDataError when there is no such source."""
    options = recipe.seeds
    if options.source == MINIATURE:
        share = read_options(_MiniatureSeeds, options.options, "seeds.options").two_step_share
        return miniature.seeds(options.count or 1000, share, recipe.seed)
    path = find_seeds(options.source, data)
    return seeds.read_alpaca(path, licence=options.licence, count=options.count)


def seed_hashes(recipe: Recipe, data: Path | None) -> dict[str, str]:
    """The hash of the seed file, for an Identity; none where the seeds are made, not read."""
    if recipe.seeds.source == MINIATURE:
        return {}
    return {"source": sha256(find_seeds(recipe.seeds.source, data))}


def find_seeds(source: str, data: Path | None) -> Path:
    """The seed file that a name or path stands for."""
    path = Path(source)
    if path.is_file():
        return path
    elsewhere = os.environ.get("WIZARDCODER_DATA")
    for folder in (data, Path(elsewhere) if elsewhere else None):
        for ending in (".json", ".jsonl", ".json.gz", ".jsonl.gz"):
            if folder and (file := folder / "seeds" / f"{source}{ending}").is_file():
                return file
    raise MissingDataError(
        f"no seeds called {source!r}: it is neither a file nor in seeds/ of --data or "
        "WIZARDCODER_DATA; name a JSON or JSONL file with instruction and output"
    )


def draw_control(
    control: Control,
    recipe: Recipe,
    data: Path | None,
    given: Sequence[Record],
    like: Sequence[Record],
) -> list[Record]:
    """The records of a control that is drawn, not evolved: as many as `like` has.

    `given` are the seeds, `like` the records of the last round's arm.
    """
    if recipe.seeds.source != MINIATURE:
        path = find_seeds(control.source or recipe.seeds.source, data)
        return seeds.read_alpaca(path, licence=recipe.seeds.licence, count=len(like))
    share = read_options(_MiniatureSeeds, recipe.seeds.options, "seeds.options").two_step_share
    distinct = len({record.response for record in like})
    if control.source == "more-of-the-same":
        return [*given, *miniature.more_seeds(given, distinct, share, recipe.seed)]
    _check_source(control)
    return miniature.depth_matched(like, recipe.seed)


def _check_source(control: Control) -> None:
    if control.source not in ("more-of-the-same", "depth-matched"):
        raise RecipeError(
            f"a control has source = {control.source!r}: the miniature knows 'more-of-the-same' "
            "and 'depth-matched'"
        )


def load_benchmark(name: str, data: Path | None = None) -> Benchmark:
    """The benchmark of a name: `miniature`, `miniature-dev`, or a public one."""
    if name == MINIATURE:
        return miniature.benchmark("test")
    if name == f"{MINIATURE}-dev":
        return miniature.benchmark("dev")
    return benchmarks.load(name, data)


def targets(names: Sequence[str], data: Path | None) -> Targets:
    """What `clean` compares with. Raises MissingDataError for a benchmark that is not at hand."""
    found = {name: load_benchmark(name, data) for name in names}
    checks: dict[str, Check] = {}
    if MINIATURE in names or f"{MINIATURE}-dev" in names:
        checks[MINIATURE] = miniature.contamination
    return Targets(
        {name: _unseen(benchmark) for name, benchmark in found.items()},
        checks,
        {name: benchmark.data_sha256 for name, benchmark in found.items()},
    )


def _unseen(benchmark: Benchmark) -> Sequence[Problem]:
    """The problems that training must not have seen; the miniature's 1-step tasks are not such."""
    if not benchmark.name.startswith(MINIATURE):
        return benchmark.problems
    return [problem for problem in benchmark.problems if problem.group != "1-step"]


def open_teacher(recipe: Recipe, ledger: Ledger) -> Teacher:
    """The teacher of `[teacher]`, with the key from the environment."""
    # here: an HTTP client takes longer to import than a benchmark to load
    from wizardcoder.teacher import HttpTransport, LocalTransport, Teacher

    options = recipe.teacher
    transport: Transport
    if options.endpoint == MINIATURE:
        transport = LocalTransport(miniature.respond)
    else:
        transport = HttpTransport(
            options.endpoint,
            api_key=os.environ.get(options.api_key_env),
            timeout_seconds=options.timeout_seconds,
            connections=options.concurrency,
        )
    return Teacher(options, transport, ledger, seed=recipe.seed)


def steps_of(record: Record) -> int | None:
    """How many steps a task has, where its world can tell."""
    return miniature.depth(record.response) if record.source == MINIATURE else None
