"""Landlock rulesets: below which paths a process may read, and where it may write.

Child side: standard library only. What the kernel is too old to know is left away (`scopes` says
whether signals are covered).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from wizardcoder.sandbox import system

_SIGNAL_SCOPE_ABI = 6  # signals and abstract sockets are kept inside from this version on
_EXECUTE, _WRITE, _READ, _LIST_FOLDER, _TRUNCATE, _DEVICE_CONTROL = 1, 2, 4, 8, 1 << 14, 1 << 15
_TCP, _ABSTRACT_SOCKETS_AND_SIGNALS = 3, 3


def version() -> int:
    """The version that the kernel offers. Raises OSError when it has none."""
    abi = system.landlock_abi()
    if abi == 0:
        raise OSError("Landlock is not available")
    return abi


def scopes(abi: int) -> bool:
    """Whether processes outside can be kept from being signalled."""
    return abi >= _SIGNAL_SCOPE_ABI


def ruleset(
    abi: int, *, readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]
) -> int:
    """The descriptor of a ruleset that shuts TCP and every path but these; missing ones are fine.

    `system.landlock_restrict` puts a process under it.
    """
    everything = _known_rights(abi)
    network = _TCP if abi >= 4 else 0
    scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if scopes(abi) else 0
    descriptor = system.landlock_create(everything, network, scoped, abi)
    for path in filter(os.path.exists, readable):
        folder = _LIST_FOLDER if Path(path).is_dir() else 0
        system.landlock_allow(descriptor, path, _EXECUTE | _READ | folder)
    for path in writable:
        system.landlock_allow(descriptor, path, everything)
    for path in filter(os.path.exists, devices):
        rights = (_READ | _WRITE | _TRUNCATE | _DEVICE_CONTROL) & everything
        system.landlock_allow(descriptor, path, rights)
    return descriptor


def _known_rights(abi: int) -> int:
    """All rights about files that a version of Landlock knows."""
    count = 13 if abi == 1 else 14 if abi == 2 else 15 if abi < 5 else 16
    return (1 << count) - 1
