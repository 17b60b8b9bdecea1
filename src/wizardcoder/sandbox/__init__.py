"""Runs programs that nobody vouches for, and says what came of them.

Two promises, kept and tested apart: a program cannot decide its own verdict (`judge`), and it
cannot act on the machine around it (`cage`, as far as its level reaches).

    judge (trusted: tests, expected values, deadlines)  ⇄  data  ⇄  child (the program, confined)
"""

from wizardcoder.sandbox.box import Judged, Sandbox
from wizardcoder.sandbox.limits import LEVELS, Cases, Check, Judgement, Limits, Script, Task

__all__ = [
    "LEVELS",
    "Cases",
    "Check",
    "Judged",
    "Judgement",
    "Limits",
    "Sandbox",
    "Script",
    "Task",
]
