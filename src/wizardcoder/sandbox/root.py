"""The file system that candidates see at level `full`.

Child side: standard library only. Needs a mount namespace of its own and the right to mount in it.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from wizardcoder.sandbox import system

INNER_ID = 1000  # the uid and gid that a candidate sees
RUNTIME = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
RUNTIME_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")
_PLACES = ("/mnt", "/media", "/srv", "/opt", "/var/tmp", "/tmp")
_LOCKED = system.MS_NOSUID | system.MS_NODEV


def writable(readable: tuple[str, ...]) -> str:
    """The folder that the scratch folder is to lie in: one that holds nothing of what is shown.

    It is itself read-only like the rest. Landlock rules that name it hold for whatever is mounted
    below: one ruleset serves all candidates.
    """
    names = (f"/scratch{number or ''}" for number in itertools.count())
    paths = list(map(Path, readable))
    return next(name for name in names if not any(path.is_relative_to(name) for path in paths))


def build(readable: tuple[str, ...], scratch: str) -> None:
    """Moves into a root that shows `readable` and the system's libraries, all of it read-only.

    `scratch` is the folder that `refresh` is to mount on. Raises OSError naming the mount that
    failed.
    """
    shown = [path for path in _topmost((*RUNTIME, *readable)) if path.exists()]
    place = _place(shown)
    system.mount("none", "/", flags=system.MS_REC | system.MS_PRIVATE)
    system.mount("tmpfs", str(place), "tmpfs", _LOCKED, "size=1m,mode=755")
    for path in shown:
        _show(path, _inside(place, path))
    for folder in ("/dev", "/proc", "/etc", scratch):
        _inside(place, folder).mkdir(parents=True, exist_ok=True)
    for path in map(Path, (*DEVICES, *RUNTIME_FILES)):
        if path.exists():
            _inside(place, path).touch()
            system.mount(str(path), str(_inside(place, path)), flags=system.MS_BIND)
    _furnish(place, scratch)
    system.mount("proc", str(place / "proc"), "proc", _LOCKED | system.MS_NOEXEC)
    system.pivot_root(str(place))
    system.mount("none", "/", flags=system.MS_REMOUNT | system.MS_BIND | system.MS_RDONLY | _LOCKED)


def refresh(scratch: str, scratch_bytes: int) -> None:
    """Gives the calling mount and pid namespaces an empty scratch folder and a /proc of their own.

    Raises OSError naming the mount that failed.
    """
    size = f"size={scratch_bytes},nr_inodes=16384,mode=1777"
    system.mount("tmpfs", scratch, "tmpfs", _LOCKED, size)
    system.mount("proc", "/proc", "proc", _LOCKED | system.MS_NOEXEC)


def _place(shown: list[Path]) -> Path:
    """A folder for the new root to cover: one that holds nothing of what is to be shown."""
    for place in map(Path, _PLACES):
        if place.is_dir() and not any(path.is_relative_to(place) for path in shown):
            return place
    raise OSError(f"no place for a root among {', '.join(_PLACES)}")


def _show(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.resolve())  # what a chain of links goes through is not there
    else:
        target.mkdir(exist_ok=True)
        system.mount(str(source), str(target), flags=system.MS_BIND | system.MS_REC)
        system.mount_read_only(str(target))


def _furnish(place: Path, scratch: str) -> None:
    (place / "dev/shm").symlink_to(scratch)
    (place / "dev/fd").symlink_to("/proc/self/fd")
    if not (place / "tmp").exists():  # unless the interpreter itself lies there
        (place / "tmp").symlink_to(scratch)
    account = f"sandbox:x:{INNER_ID}:{INNER_ID}::{scratch}:/bin/sh\n"
    (place / "etc/passwd").write_text(account, encoding="utf-8")
    (place / "etc/group").write_text(f"sandbox:x:{INNER_ID}:\n", encoding="utf-8")


def _inside(place: Path, path: Path | str) -> Path:
    """Where a path of the old root lies in the new one."""
    return place / str(path).lstrip("/")


def _topmost(paths: tuple[str, ...]) -> list[Path]:
    """The paths that lie below no other of them, each once."""
    unique = list(dict.fromkeys(map(Path, paths)))
    return [p for p in unique if not any(p != q and p.is_relative_to(q) for q in unique)]
