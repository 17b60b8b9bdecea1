"""A teacher that says again what the ledger heard, and sends nothing."""

from __future__ import annotations

import json
from typing import Self

from wizardcoder.errors import MissingReplyError
from wizardcoder.teacher.answers import Reply
from wizardcoder.teacher.batches import Travelling
from wizardcoder.teacher.client import Teacher

_SHOWN_CHARACTERS = 60


class ReplayedTeacher(Teacher):
    """A teacher whose every reply is in the ledger: it needs no key, endpoint or money.

    A request that the ledger does not answer raises MissingReplyError; nothing is written.
    """

    async def __aenter__(self) -> Self:
        return self  # nothing is opened, loaded or waited for

    async def _ask(
        self,
        key: bytes,
        sample: int,
        request: bytes,
        max_tokens: int,
        travelling: Travelling | None = None,
    ) -> Reply:
        asked = json.loads(request)
        text = asked["messages"][-1]["content"] if "messages" in asked else asked["prompt"]
        prompt = " ".join(text.split())
        shown = prompt[:_SHOWN_CHARACTERS] + ("…" if len(prompt) > _SHOWN_CHARACTERS else "")
        raise MissingReplyError(
            f"{self.ledger.path}: has no reply of {self.options.model!r} at "
            f"{self.options.endpoint} to {shown!r} (sample {sample}, {key.hex()[:12]})"
        )
