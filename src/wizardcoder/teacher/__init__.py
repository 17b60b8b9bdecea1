"""The teacher: a chat model that is asked once, and whose every reply is kept.

with Ledger(path) as ledger:
    async with Teacher(options, HttpTransport(...), ledger) as teacher:
        reply = await teacher.ask("Write a haiku about pointers.")
"""

from __future__ import annotations

from wizardcoder.teacher.answers import Reply
from wizardcoder.teacher.batch import BatchTransport
from wizardcoder.teacher.batch_api import BatchApi
from wizardcoder.teacher.batches import Batch, open_batches
from wizardcoder.teacher.client import Teacher
from wizardcoder.teacher.ledger import Ledger, LedgerTotals
from wizardcoder.teacher.prices import Price, price_of
from wizardcoder.teacher.replay import ReplayedTeacher
from wizardcoder.teacher.transport import HttpTransport, LocalTransport, Transport

__all__ = [
    "Batch",
    "BatchApi",
    "BatchTransport",
    "HttpTransport",
    "Ledger",
    "LedgerTotals",
    "LocalTransport",
    "Price",
    "ReplayedTeacher",
    "Reply",
    "Teacher",
    "Transport",
    "open_batches",
    "price_of",
]
