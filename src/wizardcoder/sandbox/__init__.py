"""Runs programs that nobody vouches for, and says what came of them.

Two promises, kept and tested apart: a program cannot decide its own verdict (`judge`), and it
cannot act on the machine around it (`cage`, as far as its level reaches).

    judge (trusted: tests, expected values, deadlines)  ⇄  data  ⇄  child (the program, confined)
"""

import hashlib
from functools import cache
from pathlib import Path

from wizardcoder.sandbox.box import Judged, Sandbox
from wizardcoder.sandbox.distrusted import task_of
from wizardcoder.sandbox.limits import (
    BASE,
    LEVELS,
    PLUS,
    Cases,
    Check,
    Interpreter,
    Judgement,
    Limits,
    Reference,
    Script,
    Task,
)

__all__ = [
    "BASE",
    "LEVELS",
    "PLUS",
    "Cases",
    "Check",
    "Interpreter",
    "Judged",
    "Judgement",
    "Limits",
    "Reference",
    "Sandbox",
    "Script",
    "Task",
    "fingerprint",
    "task_of",
]


@cache
def fingerprint() -> str:
    """The hash of this package's code: what was found out with another one may not hold."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
