"""A judge in a process of its own, with a zygote of its own: one lane of a Sandbox.

Talks to the Sandbox in JSON frames (both sides are trusted). A process of its own, because a result
can be built to keep a comparison busy for ever: the Sandbox then ends this process, not itself.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import tempfile
from dataclasses import asdict
from typing import Any

from wizardcoder.errors import SandboxError
from wizardcoder.records import Outcome
from wizardcoder.sandbox import wire
from wizardcoder.sandbox.judge import judge
from wizardcoder.sandbox.lane import Lane, LaneDiedError
from wizardcoder.sandbox.limits import Judgement, Limits, Task, load
from wizardcoder.sandbox.probe import probe

MAX_BYTES = 1 << 30


def main(descriptor: int) -> None:
    """Opens the strongest of the levels asked for, then judges tasks until the Sandbox hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the Sandbox ends us
    sys.setrecursionlimit(10_000)  # comparing nested results recurses
    peer = socket.socket(fileno=descriptor)
    order = receive(peer)
    limits = Limits(**order["limits"])
    lane = _open(peer, order["levels"], limits, order["python"])
    if lane is None:
        return
    with lane:
        try:
            while True:
                send(peer, asdict(_judge(lane, load(receive(peer)), limits)))
        except (EOFError, ConnectionError):
            return


def _judge(lane: Lane, task: Task, limits: Limits) -> Judgement:
    try:
        return judge(lane, task, limits)
    except Exception as error:  # a test that does not compile, or a mistake of ours
        reason = f"the judge failed: {type(error).__name__}: {error}"
        return Judgement(outcome=Outcome.INFRA_ERROR, reason=reason, level=lane.level)


def send(peer: socket.socket, table: dict[str, Any]) -> None:
    wire.send(peer, b"J", json.dumps(table).encode())


def receive(peer: socket.socket) -> dict[str, Any]:
    """Raises EOFError when the other side is gone."""
    table: dict[str, Any] = json.loads(wire.receive(peer, MAX_BYTES).payload)
    return table


def _open(peer: socket.socket, levels: list[str], limits: Limits, python: str) -> Lane | None:
    """The strongest level that holds, reported to the Sandbox; else the reasons."""
    reasons = []
    for level in levels:
        try:
            lane = _probed(level, limits, python)
        except SandboxError as error:
            reasons.append(str(error))
            continue
        send(peer, {"level": level, "reasons": reasons})
        return lane
    send(peer, {"level": None, "reasons": reasons})
    return None


def _probed(level: str, limits: Limits, python: str) -> Lane:
    lane = Lane(level, limits, python)
    try:
        with tempfile.TemporaryDirectory() as outside:
            probe(lane, limits, outside)
    except (SandboxError, LaneDiedError) as error:
        lane.close()
        raise SandboxError(str(error)) from None
    return lane
