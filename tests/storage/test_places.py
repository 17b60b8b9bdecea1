"""A path's mount is the deepest one that holds it, the latest of two in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizardcoder.storage import network_filesystem

MOUNTS = """\
21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 21 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/local rw - xfs /dev/sdb rw
32 21 0:42 / /mnt/with\\040space rw - fuse.sshfs me@host:/ rw
33 21 0:43 / /shared rw - ext4 /dev/sdc rw
34 21 0:44 / /shared rw - lustre mgs:/fs rw
35 21 0:45 / /fast rw - fuse.bindfs /dev/sdd rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTS)
    return file


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/run", None),
        ("/home/me/runs/not-yet", "nfs4"),
        ("/home/local/run", None),
        ("/homely", None),
        ("/mnt/with space/x", "fuse.sshfs"),
        ("/shared/x", "lustre"),
        ("/fast", None),
    ],
)
def test_the_deepest_and_latest_mount_decides(path: str, kind: str | None, mounts: Path) -> None:
    assert network_filesystem(Path(path), mounts) == kind


def test_a_system_that_does_not_say_has_none(tmp_path: Path) -> None:
    assert network_filesystem(tmp_path, tmp_path / "absent") is None


def test_this_systems_own_mounts_can_be_read(tmp_path: Path) -> None:
    assert isinstance(network_filesystem(tmp_path), str | None)
