"""Linux system calls that the standard library does not offer, through ctypes.

Child side: standard library only. Every function raises OSError naming the call that failed.
What it does not know: which calls make a cage (`cage`).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000
NEWUSER, NEWPID, NEWNET = 0x1000_0000, 0x2000_0000, 0x4000_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2

#: System call numbers by architecture: clone, pivot_root, capset, seccomp.
_NUMBERS = {
    "x86_64": {"clone": 56, "pivot_root": 155, "capset": 126, "seccomp": 317},
    "aarch64": {"clone": 220, "pivot_root": 41, "capset": 91, "seccomp": 277},
}
#: These have one number on every architecture.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT, _MOUNT_SETATTR = 444, 445, 446, 442

_libc = ctypes.CDLL(None, use_errno=True)
# keeps the interpreter's lock over the call, as a clone that is a fork needs
_locked_libc = ctypes.PyDLL(None, use_errno=True)
# looked up here: a child of `clone` would have to do so anew every time
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_parent = ctypes.pythonapi.PyOS_AfterFork_Parent


def supported() -> bool:
    """Whether this machine's system call numbers are known."""
    return platform.system() == "Linux" and platform.machine() in _NUMBERS


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(result, f"mount {kind or source} on {target}")


def mount_read_only(target: str) -> None:
    """Makes the mount at `target` and all below it read-only, without set-uid and devices."""
    attributes = struct.pack("QQQQ", 1 | 2 | 4, 0, 0, 0)
    at_fdcwd, recursive = ctypes.c_long(-100), ctypes.c_long(0x8000)
    arguments = (at_fdcwd, target.encode(), recursive, attributes, ctypes.c_long(32))
    _check(_syscall(_MOUNT_SETATTR, *arguments), f"mount_setattr {target}")


def pivot_root(new_root: str) -> None:
    """Makes `new_root` the root and detaches the old one; the working directory is `/` after."""
    os.chdir(new_root)
    _check(_syscall(_number("pivot_root"), b".", b"."), f"pivot_root {new_root}")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount the old root")
    os.chdir("/")


def clone(flags: int) -> int:
    """`os.fork` into new namespaces: 0 in the child, its process id in the parent."""
    _before_fork()
    zero = ctypes.c_long(0)
    arguments = (ctypes.c_long(flags | signal.SIGCHLD), zero, zero, zero, zero)
    pid = int(_locked_libc.syscall(ctypes.c_long(_number("clone")), *arguments))
    if pid == 0:
        _after_fork_child()
    else:
        _after_fork_parent()
    return _check(pid, f"clone({flags:#x})")


def map_ids(uid: int, gid: int, inner: int) -> None:
    """In a fresh user namespace: `inner` stands for the outer `uid` and `gid`, nothing else."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inner} {uid} 1"),
        ("gid_map", f"{inner} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 (pathlib is not loaded here)
            file.write(text)


def no_new_privileges() -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent dies. Forgotten when the uid changes."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def set_dumpable(dumpable: bool) -> None:
    """Undumpable: no core file, and the memory cannot be opened by others of the same uid."""
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


def adopt_orphans() -> None:
    """Descendants whose parent dies become this process's children."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def become(uid: int, gid: int, keep: int | None = None) -> None:
    """Gives up root for `uid`, keeping one capability (also over exec) or none."""
    if keep is not None:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if keep is not None:
        set_capabilities(1 << keep)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, keep)


def set_capabilities(mask: int) -> None:
    """Leaves exactly the capabilities of `mask` (of the first 32) to this process."""
    header = struct.pack("Ii", 0x2008_0522, 0)
    data = struct.pack("6I", mask, mask, mask, 0, 0, 0)
    _check(_syscall(_number("capset"), header, data), "capset")


def landlock_abi() -> int:
    """The version of Landlock that the kernel offers, 0 if none."""
    version: int = _syscall(_LANDLOCK_CREATE, None, ctypes.c_long(0), ctypes.c_long(1))
    return max(version, 0)


def landlock_create(files: int, network: int, scoped: int, abi: int) -> int:
    """The descriptor of an empty ruleset that handles the given rights."""
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = struct.pack("QQQ", files, network, scoped)[:size]
    result = _syscall(_LANDLOCK_CREATE, attributes, ctypes.c_long(size), ctypes.c_long(0))
    return _check(result, "landlock_create_ruleset")


def landlock_allow(ruleset: int, path: str, rights: int) -> None:
    """Grants `rights` below `path`."""
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, parent)
        beneath, zero = ctypes.c_long(1), ctypes.c_long(0)
        result = _syscall(_LANDLOCK_ADD, ctypes.c_long(ruleset), beneath, rule, zero)
        _check(result, f"landlock_add_rule {path}")
    finally:
        os.close(parent)


def landlock_restrict(ruleset: int) -> None:
    """Puts this process and its descendants under the ruleset, for good."""
    result = _syscall(_LANDLOCK_RESTRICT, ctypes.c_long(ruleset), ctypes.c_long(0))
    _check(result, "landlock_restrict_self")


class Filter:
    """A seccomp filter (BPF, 8 bytes a step), laid out as the kernel reads it."""

    def __init__(self, program: bytes) -> None:
        self._steps = ctypes.create_string_buffer(program, len(program))
        self._described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(self._steps))

    def install(self) -> None:
        """Puts this process and its descendants under the filter, for good."""
        mode_filter, no_flags = ctypes.c_long(1), ctypes.c_long(0)
        _check(_syscall(_number("seccomp"), mode_filter, no_flags, self._described), "seccomp")


def _number(name: str) -> int:
    return _NUMBERS[platform.machine()][name]


def _syscall(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))


def _prctl(option: int, *values: int) -> None:
    padded = [*values, 0, 0, 0, 0][:4]
    _check(_libc.prctl(ctypes.c_int(option), *map(ctypes.c_ulong, padded)), f"prctl({option})")


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


_libc.syscall.restype = ctypes.c_long
_locked_libc.syscall.restype = ctypes.c_long
