"""The fork server: a process with the libraries loaded that forks a cage for each candidate.

Child side: standard library only, any Python from 3.10 on. Never holds a test, an expected value
or a secret. It does two things, asked over a socket by the judge, one candidate at a time:

    S (with a descriptor)   fork a candidate that answers on that descriptor
    E                       end the candidate; replies when nothing of it is left

and it says once, at the start, that it is ready or why the cage cannot be built.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from wizardcoder.sandbox import candidate, wire
from wizardcoder.sandbox.cage import WeakCage, cage
from wizardcoder.sandbox.settings import Settings

#: Status as of `os.waitstatus_to_exitcode`, CPU seconds, peak resident bytes, bytes in files.
END = struct.Struct("<idqq")
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024

#: What a module had registered with `os.register_at_fork`.
_ForkHandlers = dict[str, Callable[[], object]]


def main(control_fd: int, settings_text: str) -> None:
    """Serves until the judge hangs up."""
    settings = Settings.load(settings_text)
    settings = replace(settings, readable=(*_interpreter_folders(), *settings.readable))
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the judge does about it
    sys.dont_write_bytecode = True
    _lift_memory_limit()
    handlers = _preload(("random", *settings.preload))
    if "numpy" in sys.modules:
        handlers += _preload(["numpy.random"])  # which it loads late
    _seed()
    confinement = cage(settings)
    try:
        confinement.prepare()
    except OSError as error:
        control.sendall(b"!" + str(error).encode())
        return
    _detach_standard_streams()
    candidate.rehearse()
    gc.collect()
    gc.freeze()
    control.sendall(b"+")
    try:
        _Server(control, confinement, settings, handlers).run()
    finally:
        confinement.close()
        os._exit(0)  # there is nothing to flush, and libraries take a while to take down


@dataclass(frozen=True)
class _Server:
    control: socket.socket
    cage: WeakCage
    settings: Settings
    fork_handlers: list[_ForkHandlers]

    def run(self) -> None:
        pid = 0
        while True:
            request, ancillary, _, _ = self.control.recvmsg(1, socket.CMSG_SPACE(4))
            if request == b"S":
                with socket.socket(fileno=array.array("i", ancillary[0][2])[0]) as peer:
                    pid = self.cage.fork()
                    if pid == 0:
                        self._become_candidate(peer)
            else:
                ending = self._end(pid) if pid else b""
                pid = 0
                if request == b"":
                    return
                self.control.sendall(ending)

    def _become_candidate(self, peer: socket.socket) -> NoReturn:
        """Few steps, and none that could be taken before the fork: each costs copies of pages."""
        try:
            self.cage.enter()
        except OSError as error:
            wire.send(peer, b"!", str(error).encode())
            os._exit(1)
        os.closerange(3, peer.fileno())
        os.closerange(peer.fileno() + 1, 1024)
        for handlers in self.fork_handlers:
            os.register_at_fork(**handlers)
        candidate.serve(peer, self.settings.result_bytes)

    def _end(self, pid: int) -> bytes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        file_bytes = self.cage.clear(pid)
        return END.pack(
            os.waitstatus_to_exitcode(status),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * _PEAK_UNIT,
            file_bytes,
        )


def _lift_memory_limit() -> None:
    """The judge's own is not for the libraries of its programs; those get their own (`cage`)."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _preload(modules: Iterable[str]) -> list[_ForkHandlers]:
    """Imports modules; what they want to be done at forks is held back, and returned.

    It renews locks, which no other thread of the zygote can hold, and seeds, which are the same
    for every candidate; in each child that would touch a hundred pages. A candidate registers the
    handlers again, for its own forks.
    """
    held: list[_ForkHandlers] = []
    register, os.register_at_fork = os.register_at_fork, lambda **found: held.append(found)
    try:
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    finally:
        os.register_at_fork = register
    return held


def _seed() -> None:
    """A program sees the same random numbers every time, in whichever lane."""
    sys.modules["random"].seed(0)
    if numbers := sys.modules.get("numpy.random"):
        numbers.seed(0)


def _interpreter_folders() -> tuple[str, ...]:
    """What this Python, its virtual environment and its libraries are read from.

    Each by the name that it goes by, and by its own where that leads through links.
    """
    named = (sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parents[1]))
    return tuple(dict.fromkeys((*named, *map(os.path.realpath, named))))


def _detach_standard_streams() -> None:
    """Leaves nothing of the outside open but the line to the judge."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
