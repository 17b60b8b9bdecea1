"""Batches that go on at a provider when a command ends early: which, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from wizardcoder.errors import WizardCoderError

if TYPE_CHECKING:
    from wizardcoder.pipeline import Run


@contextmanager
def naming_batches(run: Run) -> Iterator[Run]:
    """The run; where what is done with it ends early, say on stderr which batches go on."""
    try:
        yield run
    except BaseException:
        with suppress(WizardCoderError):  # a full disk keeps the ledger shut, and is what ended it
            _name(run)
        raise


def _name(run: Run) -> None:
    from wizardcoder.teacher import open_batches

    for batch in open_batches(run.ledger or run.path / "ledger.sqlite"):
        typer.echo(
            f"batch {batch.batch_id or batch.tag} of {batch.requests:,} requests goes on at "
            f"{batch.endpoint} ({batch.status}); the same command reads its answers",
            err=True,
        )
