"""Asking the teachers that help to make seeds: who is asked, and what a failed call becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wizardcoder.errors import (
    MissingReplyError,
    TeacherAccessError,
    TeacherError,
    TeacherRefusedError,
)
from wizardcoder.storage import text_digest
from wizardcoder.teacher import Reply, Teacher
from wizardcoder.teacher.faults import Fault

#: A teacher that fails this many calls in a row, each after all its retries, is down.
FAILURES_IN_A_ROW = 10


class Teachers:
    """The teachers of a stage. `seed` decides, with a key, whom to ask.

    `on_reply` is called after every reply, also one that comes from the ledger.
    """

    def __init__(
        self,
        teachers: Sequence[Teacher],
        seed: int = 0,
        on_reply: Callable[[], None] = lambda: None,
    ) -> None:
        self.all = teachers
        self._on_reply = on_reply
        self._seed = seed
        self._failures = 0

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight at all of them together."""
        return sum(teacher.width for teacher in self.all)

    def choose(self, key: str) -> Teacher:
        """One teacher, drawn by weight: a hash of seed and key, no state."""
        fraction = int(text_digest("teacher", self._seed, key)[:13], 16) / 16**13
        threshold = fraction * sum(teacher.options.weight for teacher in self.all)
        for teacher in self.all:
            threshold -= teacher.options.weight
            if threshold < 0:
                return teacher
        return self.all[-1]  # rounding left a rest

    async def ask(self, teacher: Teacher, prompt: str, *, sample: int = 0) -> Reply | Fault:
        """The reply, or why there is none.

        Raises TeacherAccessError and MissingReplyError at once, and TeacherError when ten calls in
        a row have failed.
        """
        try:
            reply = await teacher.ask(prompt, sample=sample)
        except (TeacherAccessError, MissingReplyError):
            raise
        except TeacherRefusedError as error:
            return Fault("teacher_refused", str(error))
        except TeacherError as error:
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                raise TeacherError(f"{error} ({self._failures} failures in a row)") from None
            return Fault("teacher_failed", str(error))
        self._failures = 0
        self._on_reply()
        return reply
