"""Frames over a socket: four bytes of length, one byte of kind, then the payload.

Both sides, standard library only. Knows nothing of what the frames mean. Tables (JSON objects) are
for lines between processes that trust each other.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

_HEADER = struct.Struct("<I1s")
_CHUNK_BYTES = 1 << 20
_MAX_TABLE_BYTES = 1 << 30


class Frame(NamedTuple):
    kind: bytes
    payload: bytes


class FrameTooLargeError(ValueError):
    """A frame announces more bytes than its reader accepts."""


def send(
    peer: socket.socket,
    kind: bytes,
    payload: bytes = b"",
    wait: Callable[[socket.socket], None] | None = None,
) -> None:
    """Sends a frame; `wait` is called before each write and returns when there is room.

    With `wait`, the socket must not block. Raises OSError, and whatever `wait` raises.
    """
    data = _HEADER.pack(len(payload), kind) + payload
    if wait is None:
        peer.sendall(data)
        return
    left = memoryview(data)
    while left:
        wait(peer)
        left = left[peer.send(left) :]


def receive(
    peer: socket.socket,
    max_bytes: int,
    wait: Callable[[socket.socket], None] | None = None,
) -> Frame:
    """The next frame; `wait` is called before each read and returns when there is something.

    Raises EOFError when the peer is gone, FrameTooLargeError, and whatever `wait` raises.
    """
    size, kind = _HEADER.unpack(_exactly(peer, _HEADER.size, wait))
    if size > max_bytes:
        raise FrameTooLargeError(f"a message of {size} bytes; at most {max_bytes} are read")
    return Frame(kind, _exactly(peer, size, wait))


def send_table(peer: socket.socket, table: dict[str, Any]) -> None:
    send(peer, b"J", json.dumps(table).encode())


def receive_table(peer: socket.socket) -> dict[str, Any]:
    """Raises EOFError when the peer is gone."""
    table: dict[str, Any] = json.loads(receive(peer, _MAX_TABLE_BYTES).payload)
    return table


def _exactly(peer: socket.socket, size: int, wait: Callable[[socket.socket], None] | None) -> bytes:
    data = bytearray()
    while len(data) < size:
        if wait is not None:
            wait(peer)
        try:
            chunk = peer.recv(min(size - len(data), _CHUNK_BYTES))
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise EOFError("the peer is gone")
        data += chunk
    return bytes(data)
