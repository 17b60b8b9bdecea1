"""Finds out what a level holds, by trying to get out of it."""

from __future__ import annotations

from wizardcoder.errors import SandboxError
from wizardcoder.sandbox.lane import Lane
from wizardcoder.sandbox.limits import Check, Limits
from wizardcoder.sandbox.proxy import AbandonedError, Proxy

#: What a candidate must not manage, by level. `None` from an attempt means that it was refused.
_EXPECTED: dict[str, dict[str, object]] = {
    "weak": {"scratch": True, "libraries": True},
    "no-namespaces": {
        "scratch": True,
        "libraries": True,
        "outside": None,
        "passwd": None,
        "network": None,
        "signal": None,
        "kernel": None,
        "root": False,
    },
    "full": {
        "scratch": True,
        "libraries": True,
        "outside": None,
        "passwd": 1,
        "network": None,
        "signal": None,
        "kernel": None,
        "root": False,
        "first": True,
        "seen": 1,
    },
}
_PROGRAM = """
import ctypes, importlib, os, socket, sys
def attempt(action):
    try:
        return action()
    except (OSError, ImportError):
        return None
def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.remove(path)
    return True
def read_libraries():
    sys.modules.pop("colorsys", None)  # as good as never loaded
    importlib.import_module("colorsys")
    for folder in sys.path:
        own = folder.startswith((sys.prefix, sys.base_prefix))
        if own and folder.endswith("-packages"):  # listed only where it was there at the start
            os.listdir(folder)
    return True
def unshare():
    return True if ctypes.CDLL(None).unshare(0x10000000) == 0 else None
def probe(folder):
    return {
        "scratch": attempt(lambda: write("probe")),
        "libraries": attempt(read_libraries),
        "outside": attempt(lambda: write(os.path.join(folder, ".wizardcoder-probe"))),
        "passwd": attempt(lambda: len(open("/etc/passwd").readlines())),
        "network": attempt(lambda: socket.socket().fileno()),
        "signal": attempt(lambda: os.kill(os.getppid() or 2, 0)),
        "kernel": attempt(unshare),
        "root": os.getuid() == 0,
        "first": os.getpid() == 1,
        "seen": attempt(lambda: sum(name.isdigit() for name in os.listdir("/proc"))),
    }
"""


def probe(lane: Lane, limits: Limits, outside: str) -> None:
    """Raises SandboxError when the lane's level does not hold what it promises.

    `outside`: a folder that the trusted side can write to, and a candidate must not.
    """
    task = Check(program=_PROGRAM, entry_point="probe", test="")
    try:
        with Proxy(lane, limits) as proxy:
            proxy.load(task)
            found = proxy(outside)
    except AbandonedError:
        assert proxy.ruling is not None
        raise SandboxError(_refusal(lane.level, proxy.ruling.reason)) from None
    assert isinstance(found, dict)
    for what, expected in _EXPECTED[lane.level].items():
        if found[what] != expected:
            raise SandboxError(_refusal(lane.level, f"'{what}' gave {found[what]!r}"))


def _refusal(level: str, reason: str) -> str:
    return f"sandbox level '{level}' does not hold here: {reason}"
