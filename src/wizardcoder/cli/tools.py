"""Commands about the embedded world: miniature."""

from __future__ import annotations

from typing import Annotated

import typer

miniature = typer.Typer(
    help="The embedded world: its teacher, over HTTP.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(miniature, name="miniature")


@miniature.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any.")] = 8400,
) -> None:
    """Serve the miniature's teacher as an OpenAI-compatible endpoint."""
    import asyncio

    from wizardcoder.miniature import serve as serve_teacher

    asyncio.run(serve_teacher(host, port, announce=typer.echo))


@miniature.command("show")
def show(
    count: Annotated[int, typer.Option(min=1, help="How many tasks.")] = 5,
    seed: Annotated[int, typer.Option(help="Another draw.")] = 0,
) -> None:
    """Print some seed tasks of the miniature with their solutions."""
    from wizardcoder.miniature import seeds

    for record in seeds(count, seed=seed):
        typer.echo(f"# {record.instruction}\n{record.response}\n")
