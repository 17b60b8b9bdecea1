"""Commands that pass data on: export, push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

from wizardcoder.cli import options
from wizardcoder.cli.options import Force, Out, RunFolder
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.export import Upload
    from wizardcoder.pipeline import Exported, Run

Choice = TypeVar("Choice", bound=str)
Arm = Annotated[str, typer.Option(help="final, round-N, seed, or a control.")]
Model = Annotated[bool, typer.Option("--model", help="The arm's model instead of its data.")]
BaseLicence = Annotated[
    str | None, typer.Option(help="Of a model: the licence of its base; default: the recipe's.")
]
AllowUnknown = Annotated[
    bool,
    typer.Option("--allow-unknown-licence", help="Go on where a licence is unknown."),
]
_STAGE_HELP = "clean, or evolved: as it was before cleaning."
_FORMAT_HELP = "alpaca, chat, sharegpt (JSONL), or parquet."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(export)
    app.command("push")(push)


def export(
    run: RunFolder = None,
    format: Annotated[str | None, typer.Option(help=f"Of data: {_FORMAT_HELP}")] = None,
    out: Out = None,
    arm: Arm = "final",
    stage: Annotated[str | None, typer.Option(help=f"Of data: {_STAGE_HELP}")] = None,
    model: Model = False,
    base_licence: BaseLicence = None,
    allow_unknown: AllowUnknown = False,
    force: Force = False,
) -> None:
    """Write a run's data, or a model, for others with its card: a folder that loads anywhere.

    Default folder: RUN/export/ARM-STAGE-FORMAT, or RUN/export/ARM-model.
    """
    wanted = Wanted(format, stage, model, base_licence, arm, out, allow_unknown, force)
    typer.echo(_export(run, wanted))


def push(
    source: Annotated[
        Path, typer.Argument(help="A run, or a folder that export wrote.", metavar="RUN|DIR")
    ],
    to: Annotated[str, typer.Option(help="Its name on the Hub.", metavar="OWNER/NAME")],
    private: Annotated[bool, typer.Option("--private", help="Only its owner can see it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    format: Annotated[str | None, typer.Option(help=f"Of a run: {_FORMAT_HELP}")] = None,
    arm: Arm = "final",
    stage: Annotated[str | None, typer.Option(help=f"Of a run: {_STAGE_HELP}")] = None,
    model: Model = False,
    base_licence: BaseLicence = None,
    allow_unknown: AllowUnknown = False,
    force: Force = False,
) -> None:
    """Upload a data set, or a model, with its card to the Hugging Face Hub.

    The token comes from HF_TOKEN or `hf auth login`. A run is exported first, as `export` does.
    """
    from wizardcoder import export as exporting

    exporting.check_name(to)
    hub = None if dry_run else exporting.open_hub()  # complains before anything is written
    wanted = Wanted(format, stage, model, base_licence, arm, None, allow_unknown, force)
    folder = _export(source, wanted) if (source / "recipe.toml").is_file() else source
    sent = exporting.package(folder, allow_unknown=allow_unknown)
    if model and sent.kind != "model":
        raise UsageError(f"--model: {folder} is an exported data set; leave --model away")
    for upload in sent.files:
        typer.echo(_line(upload))
    if hub is None:
        typer.echo(f"nothing was sent: without --dry-run these files go to {to}")
    else:
        typer.echo(exporting.push(sent, to, hub, private=private))


class Wanted(NamedTuple):
    """What is to be exported of a run; None: the default."""

    format: str | None
    stage: str | None
    model: bool
    base_licence: str | None
    arm: str
    out: Path | None
    allow_unknown: bool
    force: bool


def _export(folder: Path | None, wanted: Wanted) -> Path:
    from wizardcoder.cli.progress import Watch
    from wizardcoder.pipeline import existing_run

    _check(wanted)
    with Watch() as watch:
        run = existing_run(options.newest_run(folder), force=wanted.force, watch=watch)
        if wanted.model:
            return _export_model(run, wanted)
        made = _export_data(run, wanted)
    if made.cut:
        typer.echo(
            f"{made.cut:,} of {made.records:,} conversations are written in part: {wanted.format} "
            "holds one exchange; --format chat, sharegpt or parquet holds all",
            err=True,
        )
    return made.folder


def _check(wanted: Wanted) -> None:
    """Raises UsageError for an option that means nothing beside the others."""
    if wanted.model and (wanted.format or wanted.stage):
        option = "--format" if wanted.format else "--stage"
        raise UsageError(f"{option} is about data: leave it away, or leave --model away")
    if wanted.base_licence and not wanted.model:
        raise UsageError("--base-licence is about a model: say --model as well")


def _export_model(run: Run, wanted: Wanted) -> Path:
    from wizardcoder.pipeline import export_model

    return export_model(
        run,
        arm=wanted.arm,
        out=wanted.out,
        base_licence=wanted.base_licence or "",
        allow_unknown=wanted.allow_unknown,
    )


def _export_data(run: Run, wanted: Wanted) -> Exported:
    from wizardcoder.export import FORMATS
    from wizardcoder.pipeline import STAGES
    from wizardcoder.pipeline import export as write

    return write(
        run,
        _known("--format", wanted.format or "parquet", FORMATS),
        arm=wanted.arm,
        stage=_known("--stage", wanted.stage or "clean", STAGES),
        out=wanted.out,
        allow_unknown=wanted.allow_unknown,
    )


def _known(option: str, given: str, known: Sequence[Choice]) -> Choice:
    for choice in known:
        if choice == given:
            return choice
    raise UsageError(f"{option} {given}: expected one of {', '.join(known)}")


def _line(upload: Upload) -> str:
    return f"{upload.size_bytes:>13,} bytes  {upload.file}"
