"""The judge's side of `calls`: hands a program the inputs of a case file, receives its answers."""

from __future__ import annotations

from collections.abc import Iterator

from wizardcoder.records import Outcome
from wizardcoder.sandbox import calls
from wizardcoder.sandbox.calls import Answer
from wizardcoder.sandbox.casefile import CaseFile
from wizardcoder.sandbox.codec import CodecError
from wizardcoder.sandbox.proxy import Proxy, Ruling


def answers(
    proxy: Proxy, cases: CaseFile, part: str, view: str, max_bytes: int | None = None
) -> Iterator[tuple[int, Answer]]:
    """Answers to all inputs of a part in turn, each with the number of its first input.

    `view` is what of the results (see `calls`), `max_bytes` bounds one answer. When the proxy has a
    ruling afterwards, the program could not answer them all.
    """
    for start, count, payload in cases.batches_of(part):
        proxy.send(b"I", calls.request(view, payload))
        number, end = start, start + count
        while number < end:
            answer = _receive(proxy, end - number, max_bytes)
            if answer is None:
                return
            proxy.watch.answered()
            yield number, answer
            number += len(answer.kinds)


def _receive(proxy: Proxy, most: int, max_bytes: int | None) -> Answer | None:
    frame = proxy.receive(max_bytes)
    if frame is None:
        return None
    try:
        if frame.kind != b"A":
            raise CodecError(f"a message of kind {frame.kind!r}")
        return calls.read(frame.payload, most)
    except CodecError as error:
        proxy.ruling = Ruling(Outcome.KILLED, f"sent what cannot be read: {error}")
        return None
