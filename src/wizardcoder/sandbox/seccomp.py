"""The system calls that a candidate may not make, as a seccomp filter.

Child side: standard library only. A list of what is refused, not of what is allowed: programs use
many calls, and what the list guards are the ways to other processes, into the kernel, and to memory
that no limit counts. File access is Landlock's and the namespaces' business (`cage`).
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wizardcoder.sandbox import system

#: name: (x86_64, aarch64); -1 where the architecture lacks the call.
_REFUSED = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    # mounts and namespaces
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    # into the kernel
    "modify_ldt": (154, -1),
    "iopl": (172, -1),
    "ioperm": (173, -1),
    "personality": (135, 92),
    "vhangup": (153, 58),
    "syslog": (103, 116),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "file_setattr": (469, 469),
    "lookup_dcookie": (212, 18),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # the clock
    "adjtimex": (159, 171),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    # memory that RLIMIT_AS and the scratch folder's size do not count, or that outlives a process
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
}
#: Calls whose first argument is a process: only the caller itself, where others can be seen.
_SIGNALS = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
_ABOUT_A_PROCESS = {
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "prlimit64": (302, 261),
}
#: What Landlock lets pass: it guards what is in files and folders, not what is noted about them.
_MODES = {
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
}
_ATTRIBUTES = {
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
}
_CLONE, _SOCKET, _SOCKETPAIR, _CLONE3 = (56, 220), (41, 198), (53, 199), 435
#: The commands that name who gets a signal when a file is ready.
_FCNTL, _SETOWN = (72, 25), (8, 15)
_IOCTL, _SET_GROUP = (16, 29), (0x8901, 0x8902)
_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_X32_CALLS = 0x4000_0000
_NAMESPACES = (
    system.NEWNS
    | system.NEWCGROUP
    | system.NEWUTS
    | system.NEWIPC
    | system.NEWUSER
    | system.NEWPID
    | system.NEWNET
)

_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
# offsets; of the arguments the lower 32 bits
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _ERROR, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_REFUSE = _ERROR | errno.EPERM


class Reach(NamedTuple):
    """What of its surroundings a candidate may touch.

    `only_self`: the one process id whose priority and limits may be set, None for any that can be
    seen. `signals`: whether any process that can be seen may be signalled, or `only_self` too.
    `local_sockets`: whether Unix sockets may be opened; connected pairs always may, other families
    never. `modes`: whether modes, owners and times of files may be changed, `attributes`: whether
    extended ones, as far as the user may.
    """

    only_self: int | None
    signals: bool
    local_sockets: bool
    modes: bool
    attributes: bool


def refused() -> dict[str, int]:
    """The numbers of the calls that are refused whatever their arguments, by name."""
    column = list(_ARCHITECTURES).index(platform.machine())
    return {name: numbers[column] for name, numbers in _REFUSED.items() if numbers[column] >= 0}


def build(reach: Reach) -> bytes:
    """The filter as a BPF program of 8 bytes a step."""
    return b"".join(struct.pack("HBBI", *step) for step in _steps(reach))


_Step = tuple[int, int, int, int]


def _steps(reach: Reach) -> Iterator[_Step]:
    column = list(_ARCHITECTURES).index(platform.machine())
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, _ARCHITECTURES[platform.machine()])
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    yield (_AT_LEAST, 0, 1, _X32_CALLS)
    yield (_RETURN, 0, 0, _REFUSE)
    notes = ({} if reach.modes else _MODES) | ({} if reach.attributes else _ATTRIBUTES)
    for numbers in (_REFUSED | notes).values():
        yield from _when(numbers[column], [(_RETURN, 0, 0, _REFUSE)])
    # without clone3 the C library falls back to clone, whose flags a filter can read
    yield from _when(_CLONE3, [(_RETURN, 0, 0, _ERROR | errno.ENOSYS)])
    yield from _when(_CLONE[column], _refused_if([(_ANY_BIT, 0, 1, _NAMESPACES)]))
    yield from _when(_SOCKET[column], _only([socket.AF_UNIX] if reach.local_sockets else []))
    if not reach.local_sockets:  # one of a pair of datagram sockets can send to any other
        datagrams = [(_AND, 0, 0, 0xF), (_EQUAL, 0, 1, socket.SOCK_DGRAM)]
        yield from _when(_SOCKETPAIR[column], _refused_if(datagrams, _SECOND_ARGUMENT))
    if not reach.signals:
        for call, commands in ((_FCNTL, _SETOWN), (_IOCTL, _SET_GROUP)):
            either = [(_EQUAL, 1, 0, commands[0]), (_EQUAL, 0, 1, commands[1])]
            yield from _when(call[column], _refused_if(either, _SECOND_ARGUMENT))
    if reach.only_self is not None:
        restricted = _ABOUT_A_PROCESS if reach.signals else _ABOUT_A_PROCESS | _SIGNALS
        for numbers in restricted.values():
            yield from _when(numbers[column], _only([0, reach.only_self]))
    yield (_RETURN, 0, 0, _ALLOW)


def _when(number: int, steps: Sequence[_Step]) -> list[_Step]:
    """`steps` for one system call (which they end), falling through for all others."""
    return [(_EQUAL, 0, len(steps), number), *steps] if number >= 0 else []


def _refused_if(test: Sequence[_Step], argument: int = _FIRST_ARGUMENT) -> list[_Step]:
    """Refused where the test on the argument leads, allowed where it skips one step."""
    return [
        (_LOAD, 0, 0, argument),
        *test,
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _only(values: Sequence[int]) -> list[_Step]:
    """Allowed when the first argument is one of `values`, else refused."""
    count = len(values)
    return _refused_if([(_EQUAL, count - i, 0, value) for i, value in enumerate(values)])
