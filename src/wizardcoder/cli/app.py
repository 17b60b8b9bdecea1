"""The commands, and what happens when one fails. Commands import what they need when called."""

from __future__ import annotations

import signal
import sqlite3
import sys
from collections.abc import Sequence
from types import FrameType

import click
import typer

from wizardcoder import __version__
from wizardcoder.cli import data, models, runs, tools
from wizardcoder.errors import WizardCoderError

app = typer.Typer(
    name="wizardcoder",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (runs, data, models, tools):
    module.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wizardcoder {__version__}")
        raise typer.Exit


@app.callback()
def wizardcoder(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Turn coding instructions into a better code model.

    seeds → evolve → clean → train → generate → evaluate → report
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code.

    0 done, 1 failed, 2 wrong usage or input, 3 stopped by a limit, 130/143 interrupted: what was
    finished is on disk, and the same command goes on from there.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(list(arguments), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except WizardCoderError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(130)
    except _Terminated:
        return _interrupted(143)
    except sqlite3.OperationalError as error:
        print(f"error: the ledger cannot be used: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1


class _Terminated(BaseException):
    pass


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _interrupted(code: int) -> int:
    print("interrupted: what was finished is kept; the same command goes on", file=sys.stderr)
    return code
