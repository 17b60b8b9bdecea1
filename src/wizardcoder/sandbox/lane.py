"""The judge's end of a zygote: starts it, asks it for candidates, ends them, replaces it."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

from wizardcoder.errors import SandboxError
from wizardcoder.sandbox import processes, sweep
from wizardcoder.sandbox.limits import Interpreter, Limits
from wizardcoder.sandbox.settings import Settings
from wizardcoder.sandbox.zygote import END

_START_SECONDS = 60.0
_END_SECONDS = 15.0  # a fork bomb takes a while to kill
_PACKAGE = Path(__file__).resolve().parents[1]
#: Imports the child side without the packages above it: another Python need not have those.
_BOOT = """
import sys, types
package, control, settings = sys.argv[1:]
sys.path.remove("")
for name, path in (("wizardcoder", package), ("wizardcoder.sandbox", package + "/sandbox")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from wizardcoder.sandbox import zygote
zygote.main(int(control), settings)
"""
#: What every candidate finds in its environment; one thread, and sets in the same order every time.
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_PRELOAD = (
    *("abc", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal"),
    *("enum", "fractions", "functools", "hashlib", "heapq", "inspect", "io", "itertools", "json"),
    *("logging", "math", "operator", "random", "re", "statistics", "string", "textwrap", "time"),
    *("typing", "unicodedata"),
)


class LaneDiedError(Exception):
    """The zygote ended; its candidate ended with it."""


class Ending(NamedTuple):
    """How a candidate's process ended: exit code, or minus the signal; of all it waited for.

    `file_bytes` is what it left in files where only their removal tells (see `cage`).
    """

    exit_code: int
    cpu_seconds: float
    peak_bytes: int
    file_bytes: int


class Lane:
    """A zygote, one candidate at a time. Raises SandboxError when the level is not available."""

    def __init__(
        self,
        level: str,
        limits: Limits,
        interpreter: Interpreter = Interpreter(),  # noqa: B008 (immutable)
    ) -> None:
        self.level = level
        self._python = interpreter.python
        self._environment = {**_ENVIRONMENT, **dict(interpreter.variables)}
        self._settings = _settings(level, limits, interpreter)
        self._folder = ""
        self._start()

    def spawn(self) -> socket.socket:
        """A new candidate's end of the line. Raises LaneDiedError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"S"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise LaneDiedError from None
        return ours

    def end(self) -> Ending:
        """Ends the candidate; nothing of it is left when this returns. Raises LaneDiedError."""
        try:
            self._control.sendall(b"E")
            reply = b""
            while len(reply) < END.size:
                chunk = self._control.recv(END.size - len(reply))
                if not chunk:
                    raise LaneDiedError
                reply += chunk
        except OSError:
            raise LaneDiedError from None
        return Ending(*END.unpack(reply))

    def restart(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        """Ends the zygote, which removes what it made."""
        self._control.close()
        try:
            self._process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._folder:  # it was killed
            sweep.remove(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        if self.level != "full":
            self._folder = tempfile.mkdtemp(prefix="wizardcoder-sandbox-")
        settings = replace(self._settings, folder=self._folder)
        with theirs:
            arguments = [str(_PACKAGE), str(theirs.fileno()), settings.dump()]
            self._process = subprocess.Popen(
                [self._python, "-s", "-c", _BOOT, *arguments],
                pass_fds=[theirs.fileno()],
                env=self._environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C is the judge's business
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._control.settimeout(_START_SECONDS)
        try:
            answer = self._control.recv(1000)
        except TimeoutError:
            answer = b"!it did not start in time"
        if answer != b"+":
            self.close()
            reason = answer[1:].decode(errors="replace") or "the zygote ended at once"
            raise SandboxError(f"sandbox level '{self.level}' is not available here: {reason}")
        self.zygote = self._find_zygote()

    def _find_zygote(self) -> int:
        """The process whose descendants are the candidate's: at `full` it is one level deeper."""
        inner = processes.children(self._process.pid) if self.level == "full" else []
        return inner[0] if inner else self._process.pid


def describe(exit_code: int) -> str:
    """How a process ended, in words."""
    if exit_code >= 0:
        return f"exited with status {exit_code}"
    return f"was killed by {signal.Signals(-exit_code).name}"


def _settings(level: str, limits: Limits, interpreter: Interpreter) -> Settings:
    return Settings(
        level=level,
        folder="",
        cpu_seconds=int(limits.cpu_seconds) + 1,
        memory_bytes=limits.memory_bytes,
        scratch_bytes=limits.scratch_bytes,
        processes=limits.processes,
        open_files=limits.open_files,
        result_bytes=limits.result_bytes,
        readable=(),
        preload=(*_PRELOAD, *interpreter.preload),
        variables=(*_ENVIRONMENT, *dict(interpreter.variables)),
    )
