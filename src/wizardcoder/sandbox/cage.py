"""What holds a candidate: the three levels of confinement.

Child side: standard library only. A cage is used in this order: `prepare` once in the zygote,
then for each candidate `fork`, in the child `enter`, in the zygote `clear` after its death.
Whatever a fork inherits is done in `prepare`: each step in `enter` is paid for every program, and
twice, since it also touches memory that is shared with the zygote until then.

    weak            resource limits, own session, scratch folder and environment
    no-namespaces   and: an own uid when root, no new privileges, Landlock (files, TCP, signals),
                    seccomp; nothing outside the scratch folder is writable
    full            and: a user and a net namespace that hold nothing of the machine, and for each
                    candidate a mount, pid and ipc namespace; the root holds nothing but the
                    system's libraries, the interpreter and a scratch file system of its own
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

from wizardcoder.sandbox import landlock, root, seccomp, semaphores, sweep, system
from wizardcoder.sandbox.settings import Settings

#: The one file of /proc that TensorFlow cannot do without.
_OWN_NAME = "/proc/self/cmdline"
_SANDBOX_UIDS = (61_000, 65_000)


class WeakCage:
    """Level `weak`: limits, but no wall. For machines that offer nothing better."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scratch = f"{settings.folder}/scratch"

    def prepare(self) -> None:
        """Called once, in the zygote, after its imports. May return in a forked process."""
        self._furnish()
        self._limit(others=_tasks_of(os.getuid()))

    def fork(self) -> int:
        """`os.fork`, into what the level offers."""
        Path(self.scratch).mkdir(0o700)
        return os.fork()

    def enter(self) -> None:
        """Called in the child: confines it for good."""
        os.setsid()
        self._start()

    def clear(self, pid: int) -> int:
        """Called in the zygote when the child `pid` was reaped: nothing of it stays.

        Returns how many bytes it had in files that no limit of the level had bounded.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        return sweep.remove(self.scratch)

    def close(self) -> None:
        """Called in the zygote before it ends."""
        sweep.remove(self.settings.folder)

    def _furnish(self) -> None:
        """The environment that candidates find."""
        kept = {k: os.environ[k] for k in self.settings.variables if k in os.environ}
        os.environ.clear()
        os.environ.update(kept, HOME=self.scratch, TMPDIR=self.scratch)
        if "tempfile" in sys.modules:
            sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]

    def _limit(self, others: int) -> None:
        """`others`: processes and threads that count against the same limit as the candidate's."""
        settings = self.settings
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: settings.scratch_bytes,
            resource.RLIMIT_NOFILE: settings.open_files,
            resource.RLIMIT_NPROC: settings.processes + others,
            resource.RLIMIT_STACK: 8 << 20,
        }
        if sys.platform == "linux":
            limits[resource.RLIMIT_AS] = settings.memory_bytes + _address_space_bytes()
            limits[resource.RLIMIT_MSGQUEUE] = 0
            limits[resource.RLIMIT_MEMLOCK] = 1 << 20
        for kind, value in limits.items():
            ceiling = resource.getrlimit(kind)[1]
            value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
            resource.setrlimit(kind, (value, value))

    def _start(self) -> None:
        """What of the surroundings a child cannot inherit: its clock starts at zero."""
        os.chdir(self.scratch)
        seconds = self.settings.cpu_seconds + 1  # a backstop: the judge reads the clock itself
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


class LandlockCage(WeakCage):
    """Level `no-namespaces`: what a container without the right to unshare still offers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._uid: int | None = None
        self._abi = 0
        self._needs_search = False

    def prepare(self) -> None:
        self._abi = landlock.version()
        self._furnish()
        system.adopt_orphans()
        system.set_dumpable(False)
        if os.getuid() == 0:
            self._uid = _sandbox_uid()
            self._needs_search = not _readable_by(self._uid, self.settings.readable)
            Path(self.settings.folder).chmod(0o711)
        semaphores.install()  # /dev/shm holds what others have there: it stays shut
        self._limit(others=_tasks_of(os.getuid()) if self._uid is None else 0)

    def fork(self) -> int:
        Path(self.scratch).mkdir(0o700)
        if self._uid is not None:
            os.chown(self.scratch, self._uid, self._uid)
        return os.fork()

    def enter(self) -> None:
        os.setsid()
        self._start()
        if self._uid is not None:
            # an interpreter below a private home stays readable with this one capability: Landlock
            # still decides what can be opened at all
            keep = system.CAP_DAC_READ_SEARCH if self._needs_search else None
            system.become(self._uid, self._uid, keep)
        system.die_with_parent()
        system.no_new_privileges()
        ruleset = landlock.ruleset(
            self._abi,
            readable=[*root.RUNTIME, *root.RUNTIME_FILES, *self.settings.readable, _OWN_NAME],
            writable=[self.scratch],
            devices=root.DEVICES,
        )
        system.landlock_restrict(ruleset)
        scoped = landlock.scopes(self._abi)
        reach = seccomp.Reach(
            only_self=os.getpid(),
            signals=scoped,
            local_sockets=False,
            modes=self._uid is not None,  # a uid of its own owns nothing outside
            attributes=False,
        )
        system.Filter(seccomp.build(reach)).install()

    def clear(self, pid: int) -> int:
        sweep.kill_descendants()
        return sweep.remove(self.scratch)


class NamespaceCage(WeakCage):
    """Level `full`: a root, a process table and a network that hold nothing of the machine."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._writable = root.writable(settings.readable)
        self.scratch = f"{self._writable}/tmp"
        self._filter: system.Filter  # made in `prepare`
        self._ruleset = -1

    def prepare(self) -> None:
        abi = landlock.version()
        ids = _leave_the_machine()
        root.build(self.settings.readable, self.scratch)
        if ids[0] == 0:
            ids = _sandbox_uid(), _sandbox_uid()
            system.become(*ids)
            _own_users(*ids)
        system.die_with_parent()
        system.no_new_privileges()
        self._ruleset = landlock.ruleset(
            abi, readable=["/"], writable=[self._writable], devices=root.DEVICES
        )
        reach = seccomp.Reach(
            only_self=None, signals=True, local_sockets=True, modes=True, attributes=True
        )
        self._filter = system.Filter(seccomp.build(reach))
        self._furnish()
        self._limit(others=2)  # the zygote, and the process that waits for it

    def fork(self) -> int:
        # The user namespace is the zygote's: a candidate has no capability in it, and its own
        # would give it none. So is the network: it holds no interface. Both are dear to make.
        return system.clone(system.NEWNS | system.NEWPID | system.NEWIPC)

    def enter(self) -> None:
        os.setsid()  # or a signal to its own group would reach the zygote, which is in another
        root.refresh(self.scratch, self.settings.scratch_bytes)
        self._start()
        system.landlock_restrict(self._ruleset)
        system.set_capabilities(0)
        self._filter.install()

    def clear(self, pid: int) -> int:
        """Nothing to do: the child was the first process of its namespaces, all died with it."""
        return 0

    def close(self) -> None:
        """Nothing to do: the scratch file system died with the last candidate."""


def cage(settings: Settings) -> WeakCage:
    """The cage of a level."""
    kinds = {"full": NamespaceCage, "no-namespaces": LandlockCage, "weak": WeakCage}
    return kinds[settings.level](settings)


def _leave_the_machine() -> tuple[int, int]:
    """Moves into new namespaces; the uid and gid in them. Returns in a forked process.

    That process is the first of its pid namespace: when it dies, all candidates do.
    """
    ids = os.getuid(), os.getgid()
    apart = system.NEWNS | system.NEWPID | system.NEWNET | system.NEWIPC | system.NEWUTS
    if ids[0] == 0:
        system.unshare(apart)
    else:
        system.unshare(apart | system.NEWUSER)
        system.map_ids(*ids, inner=root.INNER_ID)
        ids = root.INNER_ID, root.INNER_ID
    inner = os.fork()
    if inner:
        _outlive(inner)
    return ids


def _own_users(uid: int, gid: int) -> None:
    """A user namespace in which nobody exists but `uid`; makes mounts possible without root."""
    system.unshare(system.NEWUSER)
    system.set_dumpable(True)  # or this process could not write its own uid_map
    system.map_ids(uid, gid, inner=root.INNER_ID)


def _outlive(pid: int) -> None:
    """Ends when the process `pid` ends; the kernel takes `pid` along when this one is killed."""
    os.closerange(0, 1024)
    os.waitpid(pid, 0)
    os._exit(1)


def _address_space_bytes() -> int:
    """What this process has mapped already, which a candidate inherits; 0 where unknown."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


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
