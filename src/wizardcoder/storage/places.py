"""Where a path lies: on a disk of this machine, or on one that machines share over a network."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
#: File systems whose locks and shared memory do not hold between machines, so that SQLite's
#: write-ahead log may lose data there.
_NETWORK = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs"),
        *("lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs"),
        *("ceph-fuse", "gcsfuse", "goofys", "juicefs", "mountpoint-s3", "rclone", "s3fs", "sshfs"),
    }
)


def network_filesystem(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the network file system that a path lies on, such as `nfs4`.

    None: it lies on none, or this system does not say. The path need not exist yet.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place, found, depth = path.resolve(), "", -1
    for line in lines:
        point, kind = _mount(line)
        if place.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = kind, len(point.parts)  # of two in one place, the later covers the other
    return found if found.removeprefix("fuse.") in _NETWORK else None


def _mount(line: str) -> tuple[Path, str]:
    """Mount point and type: `36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/sda rw`."""
    before, _, after = line.partition(" - ")
    point = re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), before.split(" ")[4])
    return Path(point), after.split(" ")[0]
