"""Frames come whole or not at all."""

from __future__ import annotations

import contextlib
import socket

import pytest

from wizardcoder.sandbox import wire


def test_frames_come_back_one_by_one() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, b"A", b"first")
        wire.send(ours, b"B")
        assert wire.receive(theirs, 100) == (b"A", b"first")
        assert wire.receive(theirs, 100) == (b"B", b"")


def test_a_frame_that_is_too_large_is_refused_unread() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, b"A", b"x" * 101)
        with pytest.raises(wire.FrameTooLargeError, match="101 bytes; at most 100"):
            wire.receive(theirs, 100)


def test_half_a_frame_is_an_end_of_file() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(b"\x05\x00\x00\x00Aabc")
        with pytest.raises(EOFError):
            wire.receive(theirs, 100)


def test_a_sender_that_waits_is_asked_before_each_write() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        read = bytearray()

        def drain(_: socket.socket) -> None:
            with contextlib.suppress(BlockingIOError):
                read.extend(theirs.recv(1 << 20, socket.MSG_DONTWAIT))

        wire.send(ours, b"A", b"x" * (8 << 20), drain)
        while len(read) < (8 << 20) + 5:
            drain(ours)
    assert read[4:] == b"A" + b"x" * (8 << 20)


def test_a_sender_stops_when_its_waiting_does() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        waits = iter(range(1))
        with pytest.raises(StopIteration):
            wire.send(ours, b"A", b"x" * (8 << 20), lambda _: print(next(waits)))
