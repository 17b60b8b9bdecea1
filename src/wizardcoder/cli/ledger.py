"""Commands about ledgers: show, export, prune, abandon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wizardcoder.teacher.accounts import Summary, Sums

ledger = typer.Typer(
    help="What was asked of teachers: show, export, prune.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Place = Annotated[Path, typer.Argument(help="A ledger, or a run folder.", metavar="LEDGER")]
_NOTE_CHARACTERS = 100


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(ledger, name="ledger")


@ledger.command("show")
def show(
    place: Place,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how many calls were made, how they ended and what they cost."""
    from wizardcoder.teacher import accounts

    with accounts.reading(accounts.locate(place)) as database:
        found = accounts.summary(database)
    typer.echo(_as_json(found) if as_json else "\n".join(_lines(found)))


@ledger.command("export")
def export(
    place: Place,
    out: Annotated[
        Path | None, typer.Option("--out", help="JSONL file, gzipped if .gz; default: stdout.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only calls of this status.")] = None,
) -> None:
    """Write every call as a line of JSON: request, reply, status, teacher, tokens, cost, times."""
    from wizardcoder.storage import write_json_lines
    from wizardcoder.teacher import accounts

    with accounts.reading(accounts.locate(place)) as database:
        calls = accounts.calls(database, status)
        if out is None:
            for call in calls:
                typer.echo(_compact(call))
            return
        write_json_lines(out, calls)
    typer.echo(out)


@ledger.command("prune")
def prune(
    place: Place,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Forget calls of this status; default: refused and failed ones."),
    ] = None,
    teacher: Annotated[str | None, typer.Option(help="Only calls of this model.")] = None,
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only calls sent before this day (UTC)."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Forget calls that help nobody any more; answered ones stay unless --status names them."""
    from wizardcoder.teacher import accounts, pruning

    path = accounts.locate(place)
    choice = pruning.Choice(
        statuses=tuple(status or pruning.WORTHLESS), teacher=teacher, before=_seconds(before)
    )
    found = (pruning.preview if dry_run else pruning.prune)(path, choice)
    typer.echo(
        f"{'would forget' if dry_run else 'forgot'} {found.calls:,} calls "
        f"({', '.join(choice.statuses)}): {found.bytes / 1e6:,.1f} MB, ${found.usd:,.4f}",
        err=True,
    )
    typer.echo(path)


@ledger.command("abandon")
def abandon(
    place: Place,
    batch: Annotated[str, typer.Argument(help="Its id, as `ledger show` says it.")],
) -> None:
    """Wait no longer for a batch: its calls count as perhaps paid, and may be asked again."""
    from wizardcoder.teacher import Ledger, accounts

    path = accounts.locate(place)
    with Ledger(path) as opened:
        calls = opened.abandon_batch(batch)
    typer.echo(f"{calls:,} calls of batch {batch} count as perhaps paid", err=True)
    typer.echo(path)


def _seconds(day: datetime | None) -> float | None:
    from datetime import UTC

    return None if day is None else day.replace(tzinfo=UTC).timestamp()


def _compact(call: Mapping[str, object]) -> str:
    import json

    return json.dumps(call, separators=(",", ":"))


def _as_json(found: Summary) -> str:
    import json

    table = {key: getattr(found, key) for key in ("statuses", "teachers", "days")}
    return json.dumps(
        {
            "total": found.total._asdict(),
            **{key: {n: s._asdict() for n, s in sums.items()} for key, sums in table.items()},
            "mean_seconds": found.mean_seconds,
            "notes": [note._asdict() for note in found.notes],
            "open_batches": [batch._asdict() for batch in found.open_batches],
        },
        indent=2,
    )


def _lines(found: Summary) -> Iterator[str]:
    yield _row("calls", found.total)
    for title, sums in (
        ("by status", found.statuses),
        ("by teacher", found.teachers),
        ("by day (UTC)", found.days),
    ):
        yield f"{title}:"
        yield from (_row(f"  {name}", group) for name, group in sums.items())
    if found.mean_seconds is not None:
        yield f"an answer takes {found.mean_seconds:.2f} s"
    for batch in found.open_batches:
        yield f"open batch {batch.batch_id or batch.tag}: {batch.requests:,} calls, {batch.status}"
    if found.notes:
        yield "most frequent troubles:"
    for note in found.notes:
        text = " ".join(note.note.split())
        shown = text[:_NOTE_CHARACTERS] + ("…" if len(text) > _NOTE_CHARACTERS else "")
        yield f"  {note.calls:>8,} × {note.status}: {shown}"


def _row(name: str, sums: Sums) -> str:
    return (
        f"{name:<26}{sums.calls:>10,} calls {sums.prompt_tokens:>13,} + "
        f"{sums.completion_tokens:>13,} tokens ${sums.usd:>12,.4f}"
    )
