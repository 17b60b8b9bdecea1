"""Asking a fault server, with all there is to see of it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.fault_server import (
    Call,
    FaultServer,
    Pauses,
    Reaction,
    say,
    teaching,
)
from wizardcoder.errors import TeacherError
from wizardcoder.teacher import LedgerTotals, Reply

FOUR = say("4")


def first(*reactions: Reaction) -> Callable[[Call], Reaction]:
    """These reactions in turn, then the answer 4."""
    return lambda call: reactions[call.number - 1] if call.number <= len(reactions) else FOUR


class Asked:
    """Asks a server once per prompt, at once, and keeps all there is to see."""

    def __init__(
        self,
        folder: Path,
        react: Callable[[Call], Reaction],
        *prompts: str,
        samples: Sequence[int] = (0,),
        **settings: Any,
    ) -> None:
        self.pauses = Pauses()
        self.replies: list[Reply] = []
        self.error: TeacherError | None = None
        with FaultServer(react) as server:
            self.server, self.endpoint = server, server.endpoint
            asyncio.run(
                self._ask(folder / "ledger.sqlite", prompts or ("2 + 2?",), samples, settings)
            )

    async def _ask(
        self, path: Path, prompts: Sequence[str], samples: Sequence[int], settings: dict[str, Any]
    ) -> None:
        async with teaching(self.endpoint, path, clock=self.pauses, **settings) as teacher:
            calls = [teacher.ask(prompt, sample=n) for prompt in prompts for n in samples]
            try:
                self.replies = list(await asyncio.gather(*calls))
            except TeacherError as error:
                self.error = error
            self.totals: LedgerTotals = teacher.ledger.totals()
