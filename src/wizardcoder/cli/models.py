"""Commands about models: train, generate, serve."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wizardcoder.cli import options
from wizardcoder.cli.learnt import learnt_lines
from wizardcoder.cli.options import (
    Data,
    Force,
    LedgerFile,
    MaxHours,
    MaxTokens,
    MaxUsd,
    Out,
    Overrides,
    RecipeFile,
    Replay,
    Source,
    opened,
)
from wizardcoder.cli.texts import Sampling, sample_model, tell_endings
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.pipeline import Run

Arms = Annotated[list[str] | None, typer.Option("--arm", help="Only this arm; may be repeated.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("train")(train)
    app.command("generate")(generate)
    app.command("serve")(serve)


def train(
    source: Source = None,
    arm: Arms = None,
    base: Annotated[str | None, typer.Option(help="The model to tune: a folder or name.")] = None,
    out: Out = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
) -> None:
    """Tune the base model on the data of each arm, into model/ARM/.

    On several GPUs or machines: torchrun … -m wizardcoder train RUN, with train.parallel set.
    """
    from wizardcoder.pipeline import learnt, together
    from wizardcoder.pipeline.arms import BASE

    given = {"base.model": base}
    with ExitStack() as stack:

        def begin() -> Run:
            return stack.enter_context(
                opened(
                    *("train", source, out, recipe, overrides, given, data, force), evolves=False
                )
            )

        run = together.train(begin, lambda run: _chosen(run, arm))
    if run is not None:
        found = {name: learnt(run.path / "model" / name) for name in _chosen(run, arm)}
        tuned = {name: each for name, each in found.items() if each and name != BASE}
        typer.echo("\n".join(learnt_lines(tuned, run.recipe.train.length_tokens)))
        typer.echo(run.path / "model")


def generate(
    target: Annotated[
        list[str] | None,
        typer.Argument(
            help="A run, a checkpoint folder or a model of the hub, then benchmarks; with "
            "--endpoint, benchmarks only.",
            metavar="[SOURCE] [BENCH]...",
        ),
    ] = None,
    arm: Arms = None,
    benchmark: Annotated[
        str | None, typer.Option(help="One benchmark, whose completions go into OUT itself.")
    ] = None,
    completion: Annotated[
        bool, typer.Option("--completion", help="A base model: let it continue code.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option(help="Ask a model behind this OpenAI-compatible address.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model there.")] = None,
    n: Annotated[int | None, typer.Option("-n", min=1, help="Samples of each problem.")] = None,
    out: Out = None,
    recipe: RecipeFile = None,
    overrides: Overrides = None,
    data: Data = None,
    force: Force = False,
    ledger: LedgerFile = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_hours: MaxHours = None,
    replay: Replay = False,
) -> None:
    """Sample completions: of a run's models, of a checkpoint, or of a model behind an endpoint.

    The same command goes on where it was stopped; with a larger -n it draws only what is missing.
    """
    given = {"generate.endpoint": endpoint, "generate.model": model, "generate.n": n}
    paid = {
        **options.limits(max_usd, max_tokens, max_hours),
        "ledger": ledger,
        "replay": replay or None,
    }
    targets = [*(target or []), *([benchmark] if benchmark else [])]
    alone = benchmark is not None and len(targets) == 2 and not (endpoint or model)
    source = None
    if not endpoint and not model:
        _refuse(paid, "is for models behind an endpoint (--endpoint, --model)")
        source, targets = (targets[0], targets[1:]) if target else (None, targets)
        if _is_run(source, targets):
            _refuse({**given, "benchmark": benchmark, "completion": completion or None}, _AS_RECIPE)
            _refuse({"out": out, "recipe": recipe, "set": overrides}, _AS_RECIPE)
            _generate_run(source, targets, arm, data, force)
            return
    if not targets:
        raise UsageError(
            f"generate {source or endpoint or model}: name a benchmark, such as humaneval"
        )
    folder = options.stage_folder(out, "generate")
    limits = options.limits(max_usd, max_tokens, max_hours)
    changes = [*(overrides or ()), *options.as_overrides({**given, **limits})]
    sample_model(
        Sampling(
            checkpoint=source,
            folders={name: folder if alone else folder / name for name in targets},
            root=None if alone else folder,
            completion=completion,
            recipe=options.recipe_of(recipe, changes),
            data=data,
            force=force,
            ledger=ledger,
            replay=replay,
        )
    )


_MORE_ROOM = "a recipe with a larger generate.max_tokens"
_AS_RECIPE = "does not go with a run, which is sampled as its recipe says: leave it away"


def _is_run(source: str | None, benchmarks: list[str]) -> bool:
    """Whether a source is a run: not a checkpoint, nor a model of the hub for some benchmark."""
    if source is None or (Path(source) / "recipe.toml").is_file():
        return True
    return not (Path(source) / "config.json").is_file() and (
        Path(source).exists() or not benchmarks
    )


def _generate_run(
    source: str | None, benchmarks: list[str], arm: list[str] | None, data: Path | None, force: bool
) -> None:
    folder = None if source is None else Path(source)
    with options.in_run(folder, data=data, force=force) as run:
        for name in _chosen(run, arm):
            for each in benchmarks or run.recipe.evaluate.benchmarks:
                tell_endings(f"{name}, {each}", run.generate(name, each), _MORE_ROOM)
    typer.echo(run.path / "completions")


def _refuse(given: dict[str, object], why: str) -> None:
    """Raises UsageError for an option that was given where it means nothing."""
    for name, value in given.items():
        if value is not None:
            option = (name.partition(".")[2] or name).replace("_", "-")
            raise UsageError(f"{'-' if len(option) == 1 else '--'}{option} {why}")


def serve(
    checkpoint: Annotated[str, typer.Argument(help="A checkpoint folder, or a model of the hub.")],
    name: Annotated[
        str | None, typer.Option(help="What requests call it; default: the folder's name.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any.")] = 8000,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts generated together.")] = 32,
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp16.")] = "fp32",
) -> None:
    """Serve a model as an OpenAI-compatible endpoint, streaming; requests share a batch.

    It is asked in its chat template, or in Alpaca's where it has none.
    """
    import asyncio

    from wizardcoder.engines import TransformersEngine
    from wizardcoder.engines.server import serve as serve_model

    if precision not in ("fp32", "bf16", "fp16"):
        raise UsageError(f"--precision {precision}: is none of fp32, bf16, fp16")
    engine = TransformersEngine.load(checkpoint, batch_size=batch_size, precision=precision)
    folder = Path(checkpoint)
    called = name or (folder.resolve().name if folder.is_dir() else checkpoint)
    asyncio.run(serve_model(engine, called, host, port, announce=typer.echo))


def _chosen(run: Run, arms: list[str] | None) -> list[str]:
    """The arms that were asked for, or all. Raises UsageError for one that the run has not."""
    for name in arms or ():
        if name not in run.arms:
            known = ", ".join(run.arms)
            raise UsageError(f"--arm {name}: {run.path} has the arms {known}")
    return arms or run.arms
