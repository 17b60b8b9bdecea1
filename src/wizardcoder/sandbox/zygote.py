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
import signal
import socket
import struct
import sys
from dataclasses import replace
from pathlib import Path

from wizardcoder.sandbox import candidate, wire
from wizardcoder.sandbox.cage import WeakCage, cage
from wizardcoder.sandbox.settings import Settings

#: Status as of `os.waitstatus_to_exitcode`, CPU seconds, peak resident bytes.
END = struct.Struct("<idq")
_CANDIDATE_FD = 3
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def main(control_fd: int, settings_text: str) -> None:
    """Serves until the judge hangs up."""
    settings = Settings.load(settings_text)
    settings = replace(settings, readable=(*_interpreter_folders(), *settings.readable))
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's business
    sys.dont_write_bytecode = True
    _preload(settings.preload)
    confinement = cage(settings)
    try:
        confinement.prepare()
    except OSError as error:
        control.sendall(b"!" + str(error).encode())
        return
    gc.collect()
    gc.freeze()
    control.sendall(b"+")
    try:
        _serve(control, confinement, settings)
    finally:
        confinement.close()


def _serve(control: socket.socket, confinement: WeakCage, settings: Settings) -> None:
    pid = 0
    while True:
        request, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(4))
        if request == b"S":
            channel = array.array("i", ancillary[0][2])[0]
            pid = confinement.fork()
            if pid == 0:
                control.close()
                _become_candidate(channel, confinement, settings)
            os.close(channel)
        else:
            ending = _end(pid, confinement) if pid else b""
            pid = 0
            if request == b"":
                return
            control.sendall(ending)


def _become_candidate(channel: int, confinement: WeakCage, settings: Settings) -> None:
    """Never returns."""
    os.dup2(channel, _CANDIDATE_FD)
    os.closerange(_CANDIDATE_FD + 1, 1024)
    peer = socket.socket(fileno=_CANDIDATE_FD)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        confinement.enter()
    except OSError as error:
        wire.send(peer, b"!", str(error).encode())
        os._exit(1)
    candidate.serve(peer, settings.result_bytes)


def _end(pid: int, confinement: WeakCage) -> bytes:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    confinement.clear(pid)
    return END.pack(
        os.waitstatus_to_exitcode(status),
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * _PEAK_UNIT,
    )


def _preload(modules: tuple[str, ...]) -> None:
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _interpreter_folders() -> tuple[str, ...]:
    """What this Python, its virtual environment and its libraries are read from."""
    installed = str(Path(sys.executable).resolve().parents[1])
    return tuple(dict.fromkeys((sys.prefix, sys.base_prefix, installed)))
