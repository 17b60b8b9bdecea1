"""A judge in a process of its own, with a zygote of its own: one lane of a Sandbox.

Talks to the Sandbox in JSON frames (both sides are trusted). A process of its own, because a result
can be built to keep a comparison busy for ever: the Sandbox then ends this process, not itself.
"""

from __future__ import annotations

import resource
import signal
import socket
import sys
import tempfile
from dataclasses import asdict

from wizardcoder.errors import SandboxError
from wizardcoder.records import Outcome
from wizardcoder.sandbox import wire
from wizardcoder.sandbox.judge import judge
from wizardcoder.sandbox.lane import Lane, LaneDiedError
from wizardcoder.sandbox.limits import Interpreter, Judgement, Limits, Task, load
from wizardcoder.sandbox.probe import probe

_MEMORY_BYTES = 2 << 30  # address space that a judge has besides what a program may use


def main(descriptor: int) -> None:
    """Opens the strongest of the levels asked for, then judges tasks until the Sandbox hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the Sandbox ends us
    sys.setrecursionlimit(10_000)  # comparing nested results recurses
    peer = socket.socket(fileno=descriptor)
    order = wire.receive_table(peer)
    limits = Limits(**order["limits"])
    _limit_memory(limits)
    lane = _open(peer, order["levels"], limits, Interpreter(**order["interpreter"]))
    if lane is None:
        return
    with lane:
        try:
            while True:
                wire.send_table(peer, asdict(_judge(lane, load(wire.receive_table(peer)), limits)))
        except (EOFError, ConnectionError):
            return


def _limit_memory(limits: Limits) -> None:
    """A result can be built to grow when it is used: then that fails, and not the machine."""
    if sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = _MEMORY_BYTES + limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def _judge(lane: Lane, task: Task, limits: Limits) -> Judgement:
    try:
        return judge(lane, task, limits)
    except Exception as error:  # a test that does not compile, or a mistake of ours
        reason = f"the judge failed: {type(error).__name__}: {error}"
        return Judgement(outcome=Outcome.INFRA_ERROR, reason=reason, level=lane.level)


def _open(
    peer: socket.socket, levels: list[str], limits: Limits, interpreter: Interpreter
) -> Lane | None:
    """The strongest level that holds, reported to the Sandbox; else the reasons."""
    reasons = []
    for level in levels:
        try:
            lane = _probed(level, limits, interpreter)
        except SandboxError as error:
            reasons.append(str(error))
            continue
        wire.send_table(peer, {"level": level, "reasons": reasons})
        return lane
    wire.send_table(peer, {"level": None, "reasons": reasons})
    return None


def _probed(level: str, limits: Limits, interpreter: Interpreter) -> Lane:
    lane = Lane(level, limits, interpreter)
    try:
        with tempfile.TemporaryDirectory() as outside:
            probe(lane, limits, outside)
    except (SandboxError, LaneDiedError) as error:
        lane.close()
        raise SandboxError(str(error)) from None
    return lane
