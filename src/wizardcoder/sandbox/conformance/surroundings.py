"""What a program of the suite is after, set up for it alone, and what it did to it."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple, Self

from wizardcoder.sandbox import seccomp

#: Present in the environment of whoever runs the suite, and in no candidate's.
SECRET = "WIZARDCODER_CONFORMANCE_SECRET"
_NAMES = ("OUTSIDE", "SHARED", "TCP", "UDP", "UNIX", "ABSTRACT", "JUDGE", "SECRET", "MARK", "CALLS")
#: Defines LINE, the descriptor that leads from a candidate to its judge: its one socket.
_FIND_LINE = """
def LINE():
    import os, stat
    for descriptor in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode): return descriptor
        except OSError: pass
LINE = LINE()
"""
_SHARED_FOLDER = Path("/dev/shm")
_STREAM, _DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


class Surroundings:
    """A folder that anybody may write to, listeners, and the names by which a program finds them.

    A context manager: the listeners end with it, and so does a file in shared memory. The folder is
    the caller's to remove.
    """

    def __init__(self, folder: Path, code: str) -> None:
        self.mark = f"wc{secrets.token_hex(4)}"
        self._folder = folder
        self._shared = _SHARED_FOLDER / f"wizardcoder-{secrets.token_hex(8)}"
        self._code = code
        self._open = ExitStack()
        self._listeners: dict[str, socket.socket] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._folder.chmod(0o777)
        for name in ("victim", "secret"):
            (self._folder / name).write_text(secrets.token_hex(8), encoding="utf-8")
            (self._folder / name).chmod(0o666)
        if any(name in self._code for name in ("TCP", "UDP", "UNIX", "ABSTRACT")):
            self._listen()
        if "SHARED" in self._code and _SHARED_FOLDER.is_dir():
            self._share()
        self._before = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def program(self) -> str:
        """The code, with the names that it uses defined before it."""
        values = self._values()
        used = [name for name in _NAMES if name in self._code]
        defined = [f"{name} = {values[name]!r}\n" for name in used]
        return "".join([*defined, _FIND_LINE if "LINE" in self._code else "", self._code])

    def effects(self) -> list[str]:
        """What has changed, in words; nothing where the program was contained."""
        after = self._state()
        paths = sorted(self._before.keys() | after.keys())
        changes = [_change(p, self._before.get(p), after.get(p)) for p in paths]
        heard = [
            f"somebody spoke to {name}" for name, peer in self._listeners.items() if _hit(peer)
        ]
        return [change for change in changes if change] + heard

    def _values(self) -> dict[str, object]:
        def port(name: str) -> int:
            return int(self._listeners[name].getsockname()[1]) if name in self._listeners else 0

        return {
            "OUTSIDE": str(self._folder),
            "SHARED": str(self._shared),
            "TCP": port("TCP"),
            "UDP": port("UDP"),
            "UNIX": str(self._folder / "socket"),
            "ABSTRACT": self.mark,
            "JUDGE": os.getpid(),
            "SECRET": SECRET,
            "MARK": self.mark,
            "CALLS": seccomp.refused(),
        }

    def _state(self) -> dict[str, _Entry]:
        """The folder, all that lies in it, and the file in shared memory, as they are now."""
        inside = {str(p.relative_to(self._folder)): p for p in self._folder.rglob("*")}
        paths = {".": self._folder, **inside, str(self._shared): self._shared}
        return {name: _entry(path) for name, path in paths.items() if os.path.lexists(path)}

    def _share(self) -> None:
        """A file of somebody else in shared memory, which anybody may read and write."""
        self._shared.write_text(secrets.token_hex(8), encoding="utf-8")
        self._shared.chmod(0o666)
        self._open.callback(self._shared.unlink, missing_ok=True)

    def _listen(self) -> None:
        """Streams queue a connection and datagrams a packet: nobody has to wait for them."""
        path = str(self._folder / "socket")
        self._add("TCP", socket.AF_INET, _STREAM, ("127.0.0.1", 0))
        self._add("UDP", socket.AF_INET, _DATAGRAM, ("127.0.0.1", 0))
        self._add("a Unix socket", socket.AF_UNIX, _STREAM, path)
        self._add("Unix datagrams", socket.AF_UNIX, _DATAGRAM, f"{path}-datagrams")
        for name in ("socket", "socket-datagrams"):
            (self._folder / name).chmod(0o777)
        with suppress(OSError):  # a system without abstract sockets has nothing to attack there
            self._add("an abstract socket", socket.AF_UNIX, _STREAM, f"\0{self.mark}")
            name = f"\0{self.mark}-datagrams"
            self._add("abstract datagrams", socket.AF_UNIX, _DATAGRAM, name)

    def _add(self, name: str, family: int, kind: int, address: str | tuple[str, int]) -> None:
        peer = self._open.enter_context(socket.socket(family, kind))
        peer.bind(address)
        if kind == _STREAM:
            peer.listen()
        peer.setblocking(False)
        self._listeners[name] = peer


class _Entry(NamedTuple):
    mode: int
    modified: int
    digest: str
    attributes: tuple[str, ...]


def _entry(path: Path) -> _Entry:
    found = path.lstat()
    plain = path.is_file() and not path.is_symlink()
    attributes = (
        tuple(os.listxattr(path, follow_symlinks=False)) if hasattr(os, "listxattr") else ()
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if plain else ""
    return _Entry(found.st_mode, found.st_mtime_ns, digest, attributes)


def _change(path: str, before: _Entry | None, after: _Entry | None) -> str:
    if before == after:
        return ""
    what = "deleted" if after is None else "made" if before is None else "changed"
    return f"{path!r} was {what}"


def _hit(listener: socket.socket) -> bool:
    """Whether a connection or a packet waits there."""
    try:
        if listener.type == _STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1)
    except BlockingIOError:
        return False
    return True
