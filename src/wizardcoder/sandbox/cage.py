"""What holds a candidate: the three levels of confinement.

Child side: standard library only. A cage is used in this order: `prepare` once in the zygote,
then for each candidate `fork`, in the child `enter`, in the zygote `clear` after its death.

    weak            resource limits, own session, scratch folder and environment
    no-namespaces   and: an own uid when root, no new privileges, Landlock (files, TCP, signals),
                    seccomp; nothing outside the scratch folder (and as root /dev/shm) is writable
    full            and: own user, mount, pid, net and ipc namespaces; the root holds nothing but
                    the system's libraries, the interpreter and a scratch file system of its own
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from wizardcoder.sandbox import root, seccomp, system
from wizardcoder.sandbox.settings import Settings

_SANDBOX_UIDS = (61_000, 65_000)
_SIGNAL_SCOPE_ABI = 6  # Landlock keeps signals and abstract sockets inside from this version on
_ENVIRONMENT = ("PATH", "LANG", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WeakCage:
    """Level `weak`: limits, but no wall. For machines that offer nothing better."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scratch = ""
        self._base = ""
        self._inherited_bytes = 0
        self._others = 0  # processes and threads that count against the same limit

    def prepare(self) -> None:
        """Called once, in the zygote, after its imports. May return in a forked process."""
        self._base = tempfile.mkdtemp(prefix="wizardcoder-sandbox-")
        self._inherited_bytes = _address_space_bytes()
        self._others = _tasks_of(os.getuid())

    def fork(self) -> int:
        """`os.fork`, into what the level offers."""
        self.scratch = tempfile.mkdtemp(dir=self._base)
        return os.fork()

    def enter(self) -> None:
        """Called in the child: confines it for good."""
        os.setsid()
        self._enter_scratch()
        self._limit()

    def clear(self, pid: int) -> None:
        """Called in the zygote when the child `pid` was reaped: nothing of it stays."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        _remove(self.scratch)

    def close(self) -> None:
        """Called in the zygote before it ends."""
        _remove(self._base)

    def _enter_scratch(self) -> None:
        os.chdir(self.scratch)
        kept = {k: os.environ[k] for k in (*_ENVIRONMENT, *_THREADS) if k in os.environ}
        os.environ.clear()
        os.environ.update(kept, HOME=self.scratch, TMPDIR=self.scratch)
        tempfile.tempdir = None

    def _limit(self) -> None:
        settings = self.settings
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: settings.scratch_bytes,
            resource.RLIMIT_NOFILE: settings.open_files,
            resource.RLIMIT_NPROC: settings.processes + self._others,
            resource.RLIMIT_STACK: 8 << 20,
        }
        if sys.platform == "linux":
            limits[resource.RLIMIT_AS] = settings.memory_bytes + self._inherited_bytes
            limits[resource.RLIMIT_MSGQUEUE] = 0
            limits[resource.RLIMIT_MEMLOCK] = 1 << 20
        for kind, value in limits.items():
            ceiling = resource.getrlimit(kind)[1]
            value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
            resource.setrlimit(kind, (value, value))
        seconds = settings.cpu_seconds + 1  # the judge reads the clock itself; this is its backstop
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


class LandlockCage(WeakCage):
    """Level `no-namespaces`: what a container without the right to unshare still offers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._uid: int | None = None
        self._abi = 0
        self._needs_override = False

    def prepare(self) -> None:
        super().prepare()
        self._abi = system.landlock_abi()
        if self._abi == 0:
            raise OSError("Landlock is not available")
        system.adopt_orphans()
        system.set_dumpable(False)
        if os.getuid() == 0:
            self._uid, self._others = _sandbox_uid(), 0
            self._needs_override = not _readable_by(self._uid, self.settings.readable)
            Path(self._base).chmod(0o711)

    def fork(self) -> int:
        self.scratch = tempfile.mkdtemp(dir=self._base)
        if self._uid is not None:
            os.chown(self.scratch, self._uid, self._uid)
        return os.fork()

    def enter(self) -> None:
        os.setsid()
        self._enter_scratch()
        self._limit()
        if self._uid is not None:
            # an interpreter below a private home stays readable with this one capability: Landlock
            # still decides what can be opened at all
            keep = system.CAP_DAC_OVERRIDE if self._needs_override else None
            system.become(self._uid, self._uid, keep)
        system.die_with_parent()
        system.no_new_privileges()
        writable = [self.scratch, *(["/dev/shm"] if self._uid is not None else [])]
        readable = [*root.RUNTIME, *root.RUNTIME_FILES, *self.settings.readable]
        _landlock(self._abi, readable, writable)
        scoped = self._abi >= _SIGNAL_SCOPE_ABI
        reach = seccomp.Reach(only_self=os.getpid(), signals=scoped, local_sockets=False)
        system.install_filter(seccomp.build(reach))

    def clear(self, pid: int) -> None:
        _kill_descendants()
        _remove(self.scratch)
        if self._uid is not None:
            _remove_owned("/dev/shm", self._uid)


class NamespaceCage(WeakCage):
    """Level `full`: a root, a process table and a network that hold nothing of the machine."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._abi = 0
        self._filter = b""
        self._ids = (0, 0)
        self.scratch = root.scratch_folder(settings.readable)

    def prepare(self) -> None:
        self._abi = system.landlock_abi()
        if self._abi == 0:
            raise OSError("Landlock is not available")
        self._inherited_bytes = _address_space_bytes()
        reach = seccomp.Reach(only_self=None, signals=True, local_sockets=True)
        self._filter = seccomp.build(reach)
        self._leave_the_machine()
        root.build(self.settings.readable, self.scratch)
        if self._ids[0] == 0:
            self._ids = _sandbox_uid(), _sandbox_uid()
            system.become(*self._ids)
        system.set_dumpable(True)  # or the child could not write its own uid_map
        system.die_with_parent()

    def fork(self) -> int:
        # the network namespace is the zygote's: it holds no interface, and a new one is dear
        return system.clone(system.NEWUSER | system.NEWNS | system.NEWPID | system.NEWIPC)

    def enter(self) -> None:
        os.setsid()
        system.map_ids(*self._ids, inner=root.INNER_ID)
        protected = system.MS_NOSUID | system.MS_NODEV
        size = f"size={self.settings.scratch_bytes},nr_inodes=16384,mode=1777"
        system.mount("tmpfs", self.scratch, "tmpfs", protected, size)
        system.mount("proc", "/proc", "proc", protected | system.MS_NOEXEC)
        self._enter_scratch()
        self._limit()
        system.die_with_parent()
        system.no_new_privileges()
        _landlock(self._abi, ["/"], [self.scratch])
        system.set_capabilities(0)
        system.install_filter(self._filter)

    def clear(self, pid: int) -> None:
        """Nothing to do: the child was the first process of its namespaces, all died with it."""

    def close(self) -> None:
        """Nothing to do: the scratch file system died with the last candidate."""

    def _leave_the_machine(self) -> None:
        self._ids = os.getuid(), os.getgid()
        apart = system.NEWNS | system.NEWPID | system.NEWNET | system.NEWIPC | system.NEWUTS
        if self._ids[0] == 0:
            system.unshare(apart)
        else:
            system.unshare(apart | system.NEWUSER)
            system.map_ids(*self._ids, inner=root.INNER_ID)
            self._ids = root.INNER_ID, root.INNER_ID
        inner = os.fork()
        if inner:
            _outlive(inner)


def cage(settings: Settings) -> WeakCage:
    """The cage of a level."""
    kinds = {"full": NamespaceCage, "no-namespaces": LandlockCage, "weak": WeakCage}
    return kinds[settings.level](settings)


def _outlive(pid: int) -> None:
    """Ends when the process `pid` ends; the kernel takes `pid` along when this one is killed."""
    os.closerange(0, 1024)
    os.waitpid(pid, 0)
    os._exit(1)


def _address_space_bytes() -> int:
    """What this process has mapped already, which a candidate inherits; 0 where unknown."""
    try:
        return int(_read("/proc/self/statm").split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _tasks_of(uid: int) -> int:
    """How many threads a user runs now: the system counts them all, not only a candidate's."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == uid:
                count += len(os.listdir(process / "task"))
    return count


def _sandbox_uid() -> int:
    """A uid that no account has and that zygotes rarely share: limits count per uid."""
    first, end = _SANDBOX_UIDS
    return first + os.getpid() % (end - first)


def _readable_by(uid: int, folders: tuple[str, ...]) -> bool:
    """Whether another uid can list all folders, found out by becoming it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(OSError):
            system.become(uid, uid)
            for folder in folders:
                os.listdir(folder)
            code = 0
        os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def _kill_descendants() -> None:
    """Kills and reaps all that descends from this process, which adopts the orphans.

    Stopped first: stopped processes cannot fork but still count, so that a fork bomb runs into its
    limit of processes instead of filling the places of those that were killed.
    """
    while _children(os.getpid()):
        stopped: set[int] = set()
        while running := _descendants() - stopped:
            _signal(running, signal.SIGSTOP)
            stopped |= running
        _signal(stopped, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _descendants() -> set[int]:
    found = _children(os.getpid())
    for pid in found:  # grows while it is walked
        found += _children(pid)
    return set(found)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]
    except OSError:  # gone meanwhile
        return []


def _remove(folder: str) -> None:
    """Removes a folder whatever its modes; the processes that could interfere are dead."""
    shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        for parent, folders, _ in os.walk(folder):
            for path in (Path(parent), *(Path(parent, name) for name in folders)):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_owned(folder: str, uid: int) -> None:
    """Removes the files that `uid` left in a folder that others use too."""
    for path in Path(folder).iterdir():
        with contextlib.suppress(OSError):
            if path.lstat().st_uid == uid:
                path.unlink()


def _landlock(abi: int, readable: list[str], writable: list[str]) -> None:
    """From here on files can be read and written only below these paths, and TCP is shut."""
    execute, write, read, list_folder, truncate, device_control = 1, 2, 4, 8, 1 << 14, 1 << 15
    known = 1 << (13 if abi == 1 else 14 if abi == 2 else 15 if abi < 5 else 16)
    everything = known - 1
    tcp, abstract_sockets_and_signals = 3, 3
    network = tcp if abi >= 4 else 0
    scoped = abstract_sockets_and_signals if abi >= _SIGNAL_SCOPE_ABI else 0
    ruleset = system.landlock_create(everything, network, scoped, abi)
    for path in filter(os.path.exists, readable):
        folder = list_folder if Path(path).is_dir() else 0
        system.landlock_allow(ruleset, path, execute | read | folder)
    for path in writable:
        system.landlock_allow(ruleset, path, everything)
    for path in filter(os.path.exists, root.DEVICES):
        rights = (read | write | truncate | device_control) & everything
        system.landlock_allow(ruleset, path, rights)
    system.landlock_restrict(ruleset)
    os.close(ruleset)


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
