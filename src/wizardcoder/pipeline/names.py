"""What the names in a recipe stand for: sources of seeds, teachers, benchmarks, bases.

The one place outside its package that knows of the miniature world.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder import benchmarks, miniature, seeds, train
from wizardcoder import recipe as recipes
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import MissingDataError, RecipeError, UsageError
from wizardcoder.pipeline import evol_stop
from wizardcoder.recipe import Clean, Control, Recipe, Section, read_options
from wizardcoder.records import Problem, Record
from wizardcoder.storage import is_table, sha256, tally_parquet

if TYPE_CHECKING:
    from wizardcoder.teacher import Ledger, Teacher, Transport
    from wizardcoder.teacher.budget import Budget

MINIATURE = "miniature"
VLLM = "vllm"
SELF_INSTRUCT = "self-instruct"
#: Sources that are neither found on this machine nor on the Hub, but made.
SEED_MAKERS = (MINIATURE, SELF_INSTRUCT)

Check = Callable[[str], tuple[str, str] | None]


class _MiniatureSeeds(Section):
    two_step_share: float = 0.15


class SeedSource(NamedTuple):
    """Where seeds come from: the hashes of what is read, for an Identity, and what reads it.

    No hashes where seeds are made, not read. `files`: what is read, where that is files.
    """

    inputs: Mapping[str, str]
    read: Callable[[], seeds.Reading]
    files: seeds.SeedFiles | None = None


class Targets(NamedTuple):
    """What training data must not hold: problems by benchmark, and checks of a benchmark's own.

    `benchmarks` are whole, with what judges a program on a problem.
    """

    problems: Mapping[str, Sequence[Problem]]
    checks: Mapping[str, Check]
    hashes: Mapping[str, str]
    benchmarks: Mapping[str, Benchmark]


def check(recipe: Recipe, data: Path | None) -> None:
    """Find what is wrong with a recipe's names now, rather than after a night of paid calls.

    The seeds are not looked for: reading them is the first thing that a run does.
    Raises RecipeError, MissingDataError or UsageError as the stages would.
    """
    evol_stop.check(recipe)
    check_targets(recipe, data)
    for name in {*recipe.evaluate.benchmarks} - {*clean_options(recipe).benchmarks}:
        load_benchmark(name, data)
    if recipe.base.model == MINIATURE:
        train.parse_options(recipe.base.options)
    if recipe.seeds.source == MINIATURE:
        read_options(_MiniatureSeeds, recipe.seeds.options, "seeds.options")
    for control in recipe.controls.values():
        if recipe.seeds.source == MINIATURE and control.operations is None:
            _check_source(control)
        elif control.source is not None and not control.source.startswith(seeds.HUB):
            find_seeds(control.source, data)


def check_targets(recipe: Recipe, data: Path | None) -> None:
    """Find what is wrong with what cleaning compares with. Raises as `targets` does."""
    options = clean_options(recipe)
    targets(options.benchmarks, data, options.benchmark_files)


def read_seeds(recipe: Recipe, data: Path | None) -> list[Record]:
    """The seeds that `[seeds]` names. Raises MissingDataError when there is no such source."""
    return seed_source(recipe, data).read().records


def seed_source(recipe: Recipe, data: Path | None) -> SeedSource:
    """Where the seeds that `[seeds]` names are read. Raises MissingDataError when nowhere."""
    options = recipe.seeds
    if options.also and not _is_local(options.source):
        raise RecipeError(f"seeds.also: {options.source} is no file; only files go together")
    if options.source == MINIATURE:
        return SeedSource({}, partial(_miniature_seeds, recipe))
    if options.source.startswith(seeds.HUB):
        found = seeds.find_dataset(options)
        read = partial(seeds.read_dataset, found, options)
        return SeedSource({found.source: found.revision}, read)
    if options.source == SELF_INSTRUCT or is_codebase(options.source):
        raise UsageError(
            f"the seeds of {options.source} are not there yet: the teacher helps to make them; "
            "make them first (wizardcoder seeds), then name their run folder"
        )
    files = _seed_files(options, data)
    hashes = {f"also.{n}": sha256(path) for n, path in enumerate(files.paths[1:], 1)}
    inputs = {"source": sha256(files.paths[0]), **hashes}
    return SeedSource(inputs, partial(seeds.read_files, files), files)


def moves_on(options: recipes.Seeds) -> bool:
    """Whether a source may hold other seeds tomorrow: a code base, the newest of a data set."""
    if is_codebase(options.source):
        return True
    return seeds.is_remote(options.source) and "revision" not in options.options


def is_codebase(source: str) -> bool:
    """Whether a source is a folder of code, whose functions inspire seeds."""
    return _is_local(source) and Path(source).is_dir()


def _is_local(source: str) -> bool:
    """Whether a source is looked for on this machine."""
    return source not in SEED_MAKERS and not source.startswith(seeds.HUB)


def _miniature_seeds(recipe: Recipe) -> seeds.Reading:
    options = recipe.seeds
    share = read_options(_MiniatureSeeds, options.options, "seeds.options").two_step_share
    return seeds.Reading(miniature.seeds(options.count or 1000, share, recipe.seed), [])


def _seed_files(options: recipes.Seeds, data: Path | None) -> seeds.SeedFiles:
    columns = read_options(seeds.Columns, options.options, "seeds.options")
    lenient = options.torn == "reject"
    return seeds.SeedFiles(
        [find_seeds(source, data) for source in (options.source, *options.also)],
        options.licence,
        options.count,
        seeds.Manner(options.format, columns, lenient, options.lineage),
    )


def locate_seeds(source: str, data: Path | None) -> str:
    """What a recipe says for a source as it was typed: files and folders by their full path.

    Raises MissingDataError when there is no such file, name or folder.
    """
    if source in SEED_MAKERS:
        return source
    if source == seeds.HUB:
        raise MissingDataError(f"seeds {source!r}: name a data set: hf:OWNER/NAME or hf:FOLDER")
    scheme = seeds.HUB if source.startswith(seeds.HUB) else ""
    place = Path(source.removeprefix(scheme))
    if place.is_dir():
        return f"{scheme}{place.resolve()}"
    return source if scheme else str(find_seeds(source, data).resolve())


def rounds_in(sources: Sequence[str]) -> int:
    """The last round that Parquet tables of this project among some sources hold; else 0."""
    files = [Path(source) for source in sources if source.endswith(".parquet")]
    tallies = [tally_parquet(file, "round") for file in files if is_table(file, Record)]
    return max((round for tally in tallies for (round,) in tally), default=0)


def find_seeds(source: str, data: Path | None) -> Path:
    """The seed file that a name or path stands for."""
    path = Path(source)
    if path.is_file():
        return path
    elsewhere = os.environ.get("WIZARDCODER_DATA")
    for folder in (data, Path(elsewhere) if elsewhere else None):
        for ending in seeds.ENDINGS:
            if folder and (file := folder / "seeds" / f"{source}{ending}").is_file():
                return file
    raise MissingDataError(
        f"no seeds called {source!r}: it is neither a file nor in seeds/ of --data or "
        "WIZARDCODER_DATA; name a JSON, JSONL or Parquet file, or a data set with hf:OWNER/NAME"
    )


def draw_control(
    control: Control,
    recipe: Recipe,
    data: Path | None,
    given: Sequence[Record],
    like: Sequence[Record],
) -> seeds.Reading:
    """The records of a control that is drawn, not evolved: as many as `like` has.

    `given` are the seeds, `like` the records of the last round's arm.
    """
    if recipe.seeds.source != MINIATURE:
        drawn = {"source": control.source or recipe.seeds.source, "count": len(like)}
        options = recipe.seeds.model_copy(update=drawn)
        return seed_source(recipe.model_copy(update={"seeds": options}), data).read()
    share = read_options(_MiniatureSeeds, recipe.seeds.options, "seeds.options").two_step_share
    distinct = len({record.response for record in like})
    if control.source == "more-of-the-same":
        more = miniature.more_seeds(given, distinct, share, recipe.seed)
        return seeds.Reading([*given, *more], [])
    _check_source(control)
    return seeds.Reading(miniature.depth_matched(like, recipe.seed), [])


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


def clean_options(recipe: Recipe) -> Clean:
    """What cleaning does: a set that models are chosen by must not be trained on either."""
    options, stop = recipe.clean, recipe.evolve.stop.benchmark
    is_scored_on = recipe.evolve.rounds == "auto" or recipe.train.score_every_steps
    if not is_scored_on or stop in options.benchmarks:
        return options
    return options.model_copy(update={"benchmarks": [*options.benchmarks, stop]})


def targets(names: Sequence[str], data: Path | None, files: Sequence[str] = ()) -> Targets:
    """What `clean` compares with: benchmarks by name, and files of the user's own problems.

    Raises MissingDataError for a benchmark that is not at hand, InputError for a file that holds no
    problems, UsageError where two have the same name.
    """
    found = {name: load_benchmark(name, data) for name in names}
    for file in files:
        benchmark = benchmarks.own.read(Path(file))
        if benchmark.name in found:
            raise UsageError(
                f"{file}: there is another benchmark called {benchmark.name!r}; rename the file"
            )
        found[benchmark.name] = benchmark
    checks: dict[str, Check] = {}
    if MINIATURE in names or f"{MINIATURE}-dev" in names:
        checks[MINIATURE] = miniature.contamination
    return Targets(
        {name: unseen(benchmark) for name, benchmark in found.items()},
        checks,
        {name: benchmark.data_sha256 for name, benchmark in found.items()},
        found,
    )


def unseen(benchmark: Benchmark) -> Sequence[Problem]:
    """The problems that training must not have seen; the miniature's 1-step tasks are not such."""
    if not benchmark.name.startswith(MINIATURE):
        return benchmark.problems
    return [problem for problem in benchmark.problems if problem.group != "1-step"]


def open_teachers(
    recipe: Recipe, ledger: Ledger, budget: Budget | None = None, *, replay: bool = False
) -> list[Teacher]:
    """The teachers of `[teacher]` and `[[teachers]]`, in this order.

    Keys come from the environment; ledger and budget are shared. `replay`: they answer from the
    ledger alone.
    """
    from wizardcoder.teacher import ReplayedTeacher, Teacher  # here: only those who ask need it

    kind = ReplayedTeacher if replay else Teacher
    return [
        kind(options, _transport(options, ledger, replay), ledger, seed=recipe.seed, budget=budget)
        for options in (recipe.teacher, *recipe.teachers)
    ]


def open_teacher(recipe: Recipe, ledger: Ledger, budget: Budget | None = None) -> Teacher:
    """The teacher of `[teacher]`: the one that is asked where only one is."""
    return open_teachers(recipe, ledger, budget)[0]


def _transport(options: recipes.Teacher, ledger: Ledger, replay: bool) -> Transport:
    from wizardcoder.teacher import BatchApi, BatchTransport, HttpTransport, LocalTransport

    if options.endpoint == VLLM:
        return _vllm(options)
    if options.endpoint == MINIATURE:
        if options.batch:
            raise RecipeError("the miniature has no batch API; set teacher.batch = false")
        return LocalTransport(miniature.respond)
    api_key, timeout_seconds = os.environ.get(options.api_key_env), options.timeout_seconds
    if options.batch and not replay:
        api = BatchApi(options.endpoint, api_key=api_key, timeout_seconds=timeout_seconds)
        return BatchTransport(api, ledger, options.model, poll_seconds=options.batch_poll_seconds)
    return HttpTransport(
        options.endpoint,
        api_key=api_key,
        timeout_seconds=timeout_seconds,
        connections=options.concurrency,
    )


def _vllm(options: recipes.Teacher) -> Transport:
    from wizardcoder.teacher.vllm import VllmTransport

    if options.batch:
        raise RecipeError("vLLM in this process has no batch API; set teacher.batch = false")
    return VllmTransport(options.model)


def steps_of(record: Record) -> int | None:
    """How many steps a task has, where its world can tell."""
    return miniature.depth(record.response) if record.source == MINIATURE else None
