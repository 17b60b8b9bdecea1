"""The commands, and what happens when one fails. Commands import what they need when called."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import typer

from wizardcoder import __version__
from wizardcoder.cli import (
    cleaning,
    data,
    doctor,
    exports,
    ledger,
    models,
    plan,
    runs,
    scores,
    tools,
)
from wizardcoder.errors import MemoryExhaustedError, WizardCoderError

# Typer brings its own copy of click; this is the one public way to its base error.
_CommandLineError = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="wizardcoder",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (runs, plan, data, cleaning, exports, models, scores, doctor, ledger, tools):
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
    finished is on disk, and the same command in the same folder goes on from there.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(list(arguments), standalone_mode=False)
    except WizardCoderError as error:
        own = isinstance(error, MemoryExhaustedError)
        return _failed(str(error), error.exit_code, own=own)
    except (KeyboardInterrupt, typer.Abort):
        return _failed(_INTERRUPTED, 130)
    except _Terminated:
        return _failed(_INTERRUPTED, 143)
    except MemoryError:
        return _failed("out of memory: what was finished is kept; give this machine more", 1)
    except OSError as error:
        return _failed(f"{error.filename or 'the system'}: {error.strerror or error}", 1)
    except Exception as error:
        if not isinstance(error, _CommandLineError):
            raise
        error.show()  # type: ignore[attr-defined]
        return 2
    if code == 130:  # typer has already turned Ctrl-C into its exit code
        return _failed(_INTERRUPTED, 130)
    return code if isinstance(code, int) else 0


_INTERRUPTED = "interrupted: what was finished is kept; the same command in the same folder goes on"


class _Terminated(BaseException):
    pass


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _failed(message: str, code: int, *, own: bool = False) -> int:
    """Say what happened. Of processes that train together the first one speaks, and one to which
    alone it happened (`own`).
    """
    if os.environ.get("RANK", "0") != "0" and not own:
        return code
    print(f"Error: {message}" if code < 100 else message, file=sys.stderr)
    return code
