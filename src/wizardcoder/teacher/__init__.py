"""The teacher: a chat model that is asked once, and whose every reply is kept.

with Ledger(path) as ledger:
    async with Teacher(options, HttpTransport(...), ledger) as teacher:
        reply = await teacher.ask("Write a haiku about pointers.")
"""

from __future__ import annotations

from wizardcoder.teacher.client import Reply, Teacher
from wizardcoder.teacher.ledger import Ledger, LedgerTotals
from wizardcoder.teacher.transport import HttpTransport, LocalTransport, Transport

__all__ = [
    "HttpTransport",
    "Ledger",
    "LedgerTotals",
    "LocalTransport",
    "Reply",
    "Teacher",
    "Transport",
]
