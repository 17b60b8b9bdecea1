"""Commands that pass data on: export, push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wizardcoder.cli import options
from wizardcoder.cli.options import Force, Out, RunFolder
from wizardcoder.errors import UsageError

if TYPE_CHECKING:
    from wizardcoder.export import Upload

Choice = TypeVar("Choice", bound=str)
Arm = Annotated[str, typer.Option(help="final, round-N, seed, or a control.")]
Stage = Annotated[str, typer.Option(help="clean, or evolved: as it was before cleaning.")]
AllowUnknown = Annotated[
    bool,
    typer.Option("--allow-unknown-licence", help="Go on where a record's licence is unknown."),
]
_FORMAT_HELP = "alpaca, chat, sharegpt (JSONL) or parquet."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(export)
    app.command("push")(push)


def export(
    run: RunFolder = None,
    format: Annotated[str, typer.Option(help=_FORMAT_HELP)] = "parquet",
    out: Out = None,
    arm: Arm = "final",
    stage: Stage = "clean",
    allow_unknown: AllowUnknown = False,
    force: Force = False,
) -> None:
    """Write a run's data for others, with its card: a folder that `datasets` loads.

    Default folder: RUN/export/ARM-STAGE-FORMAT.
    """
    typer.echo(_export(run, format, out, arm, stage, allow_unknown, force))


def push(
    source: Annotated[
        Path, typer.Argument(help="A run, or a folder that export wrote.", metavar="RUN|DIR")
    ],
    to: Annotated[str, typer.Option(help="The data set's name on the Hub.", metavar="OWNER/NAME")],
    private: Annotated[bool, typer.Option("--private", help="Only its owner can see it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    format: Annotated[str, typer.Option(help=f"Of a run: {_FORMAT_HELP}")] = "parquet",
    arm: Arm = "final",
    stage: Stage = "clean",
    allow_unknown: AllowUnknown = False,
    force: Force = False,
) -> None:
    """Upload a data set with its card to the Hugging Face Hub.

    The token comes from HF_TOKEN or `hf auth login`. A run is exported first, as `export` does.
    """
    from wizardcoder import export as exporting

    exporting.check_name(to)
    hub = None if dry_run else exporting.open_hub()  # complains before anything is written
    folder = source
    if (source / "recipe.toml").is_file():
        folder = _export(source, format, None, arm, stage, allow_unknown, force)
    files = exporting.uploads(folder, allow_unknown=allow_unknown)
    for upload in files:
        typer.echo(_line(upload))
    if hub is None:
        typer.echo(f"nothing was sent: without --dry-run these files go to {to}")
    else:
        typer.echo(exporting.push(files, to, hub, private=private))


def _export(
    folder: Path | None,
    format: str,
    out: Path | None,
    arm: str,
    stage: str,
    allow_unknown: bool,
    force: bool,
) -> Path:
    from wizardcoder.cli.progress import Watch
    from wizardcoder.export import FORMATS
    from wizardcoder.pipeline import STAGES, existing_run
    from wizardcoder.pipeline import export as write

    known_format = _known("--format", format, FORMATS)
    known_stage = _known("--stage", stage, STAGES)
    with Watch() as watch:
        run = existing_run(options.newest_run(folder), force=force, watch=watch)
        made = write(
            run, known_format, arm=arm, stage=known_stage, out=out, allow_unknown=allow_unknown
        )
    if made.cut:
        typer.echo(
            f"{made.cut:,} of {made.records:,} conversations are written in part: {format} holds "
            "one exchange; --format chat, sharegpt or parquet holds all",
            err=True,
        )
    return made.folder


def _known(option: str, given: str, known: Sequence[Choice]) -> Choice:
    for choice in known:
        if choice == given:
            return choice
    raise UsageError(f"{option} {given}: expected one of {', '.join(known)}")


def _line(upload: Upload) -> str:
    return f"{upload.size_bytes:>13,} bytes  {upload.file}"
